//! What the host asks of a plug-in, whatever version of the contract it speaks.
//!
//! Each version has an adapter that implements these traits; no other code knows that there are versions.

use std::sync::Arc;

use dropins_services::{Isolation, Limits, Services};

use crate::contract::description::{Description, Problem};
use crate::contract::reads::Reads;
use crate::contract::request::Request;
use crate::run::bulkhead::Place;
use crate::run::call::CallState;
use crate::run::failure::Failure;
use crate::run::verdict::Outcome;

/// A compiled and linked component of some version.
#[async_trait::async_trait]
pub(crate) trait Plugin: Send + Sync {
    /// Its description of itself.
    async fn describe(&self) -> Result<Description, Failure>;

    /// Its problems with these properties, and the algorithms that they allow.
    async fn check_config(&self, properties: &[(String, String)]) -> Result<ConfigReport, Failure>;

    /// Prepares the properties of a listener entry for the calls to come.
    fn configure(self: Arc<Self>, properties: &[(String, String)], isolation: Isolation) -> Box<dyn Configured>;
}

/// What `check-config` and `algorithms` said.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigReport {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<String>,
    pub(crate) algorithms: Vec<String>,
}

/// A plug-in with its properties.
#[async_trait::async_trait]
pub(crate) trait Configured: Send + Sync {
    /// Releases idle instances and keeps none, or keeps them again.
    fn pool_instances(&self, pooling: bool);

    /// The limits of its requests.
    fn limits(&self) -> &Limits;

    /// A fresh instance for one request.
    async fn begin(
        &self,
        services: Option<&Arc<Services>>,
        reads: &Reads,
        request: &Request,
        now: u64,
        explain: bool,
        place: Option<Place>,
    ) -> Result<Box<dyn Call>, Failure>;
}

/// One instance, working on one request.
#[async_trait::async_trait]
pub(crate) trait Call: Send {
    async fn can_authenticate(&mut self) -> Result<bool, Failure>;
    async fn authenticate(&mut self) -> Result<Outcome, Failure>;
    async fn client_id(&mut self) -> Result<Option<String>, Failure>;
    fn state(&mut self) -> &mut CallState;
    /// The request no longer needs the instance.
    fn release(self: Box<Self>);
}
