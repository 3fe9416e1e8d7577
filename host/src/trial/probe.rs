//! Trials that an embedder brings, because it knows what a good credential looks like.

use std::fmt;

use dropins_services::{Services, Unavailable, UnixMillis};

use crate::contract::description::Description;
use crate::contract::request::Request;

/// What is tried out: a plug-in with the properties of a listener entry.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The plug-in's description of itself.
    pub description: &'a Description,
    /// The signature algorithms that it accepts under these properties.
    pub algorithms: &'a [String],
    /// The properties.
    pub properties: &'a [(String, String)],
}

/// One request that a plug-in must decide correctly before it serves.
pub struct Trial {
    /// What is tried, for messages: `the assertion of a throw-away client`.
    pub name: &'static str,
    /// The services of the trial; never those of live requests.
    pub services: Services,
    /// The request.
    pub request: Request,
    /// The answer that it must give.
    pub expected: Expected,
}

/// The answer that a plug-in must give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This client is authenticated.
    Authenticated(String),
    /// No client is authenticated: the request is rejected, or not claimed.
    Refused,
    /// The plug-in does not claim the request.
    Unclaimed,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticated(client) => write!(f, "the client `{client}` to be authenticated"),
            Self::Refused => f.write_str("a refusal"),
            Self::Unclaimed => f.write_str("the request not to be claimed"),
        }
    }
}

/// Brings the trials that need knowledge of an authentication method. `()` knows none.
#[async_trait::async_trait]
pub trait Probe: Send + Sync {
    /// Trials for a plug-in in their order; empty if the embedder knows nothing of its method.
    ///
    /// # Errors
    /// [`Unavailable`] if trials should be made but cannot; the plug-in is rejected.
    async fn trials(&self, subject: &Subject<'_>, now: UnixMillis) -> Result<Vec<Trial>, Unavailable>;
}

#[async_trait::async_trait]
impl Probe for () {
    async fn trials(&self, _subject: &Subject<'_>, _now: UnixMillis) -> Result<Vec<Trial>, Unavailable> {
        Ok(Vec::new())
    }
}
