//! A compiled plug-in together with its description.

use std::sync::Arc;

use dropins_services::Digest;

use crate::contract::decision::PluginId;
use crate::contract::description::Description;
use crate::contract::reads::Reads;
use crate::contract::version::ApiVersion;
use crate::run::plugin::Plugin;

/// A plug-in that has described itself. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Described {
    pub(crate) digest: Digest,
    pub(crate) version: ApiVersion,
    pub(crate) description: Arc<Description>,
    pub(crate) reads: Arc<Reads>,
    pub(crate) plugin: Arc<dyn Plugin>,
}

impl Described {
    /// Name and digest.
    pub(crate) fn id(&self) -> PluginId {
        PluginId { name: self.description.name.clone(), digest: self.digest }
    }
}
