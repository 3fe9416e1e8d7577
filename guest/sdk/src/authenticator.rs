//! The trait that a plug-in implements, and the values that pass through it.
//!
//! An authenticator keeps no state and reads no clock: properties, time and services arrive with each call.

use crate::assertion::AlgorithmSet;
use crate::condition::Condition;
use crate::rejection::Refusal;
use crate::report::Report;
use crate::request::{Fields, Request};
use crate::rule::Reason;
use crate::services::{Log, Services};

/// What a plug-in says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// Its name, unique among the loaded plug-ins.
    pub name: &'static str,
    /// Other names under which a listener entry may enable it.
    pub aliases: &'static [&'static str],
    /// Its version, for people.
    pub version: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The client authentication methods it implements, as in the IANA registry.
    pub methods: &'static [&'static str],
    /// What it reads of a request: `form:NAME`, `header:name`; it is shown no other fields.
    pub reads: &'static [&'static str],
    /// The values of `client_assertion_type` that belong to it alone.
    pub assertion_types: &'static [&'static str],
}

/// A mistake in the properties of a listener entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{property}: {message}")]
pub struct Problem {
    /// The property, as the operator wrote it.
    pub property: String,
    /// What is wrong with it, and what is allowed.
    pub message: String,
}

/// Problems on one line.
pub fn joined(problems: &[Problem]) -> String {
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    problems.join("; ")
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The authentication method, as in the IANA registry.
    pub method: &'static str,
    /// Facts for the audit log, by name.
    pub attributes: Vec<(&'static str, String)>,
}

impl Client {
    /// The fact of this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(one, _)| *one == name).map(|(_, value)| value.as_str())
    }
}

/// A client that proved its identity, if the conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated<R: Reason> {
    /// The client.
    pub client: Client,
    /// What must hold besides the plug-in's rules, in the order in which the host settles it.
    pub conditions: Vec<Condition<R>>,
}

/// A client authenticator.
pub trait Authenticator {
    /// The rules it applies.
    type Reason: Reason;

    /// The properties of a listener entry as typed values; `()` where there are none.
    type Policy;

    /// What it says about itself.
    const DESCRIPTION: Description;

    /// Reads the properties of a listener entry. While they are invalid, every request is refused as unavailable.
    ///
    /// # Errors
    /// Every [`Problem`], so that the operator corrects them in one go.
    fn policy(properties: Fields<'_, '_>) -> Result<Self::Policy, Vec<Problem>>;

    /// Warnings for the operator about properties that can be read.
    fn warnings(_properties: Fields<'_, '_>) -> Vec<String> {
        Vec::new()
    }

    /// The signature algorithms that it accepts; empty where none apply.
    fn algorithms(_policy: &Self::Policy) -> AlgorithmSet {
        AlgorithmSet::EMPTY
    }

    /// Whether the request carries a credential of its kind, well-formed or not.
    fn can_authenticate(properties: Fields<'_, '_>, request: &Request<'_>) -> bool;

    /// The client that the request claims to come from, unproven; for logs.
    fn claimed_client(request: &Request<'_>) -> Option<String>;

    /// Judges a request that it can authenticate.
    ///
    /// # Errors
    /// [`Refusal`] for the first broken rule, or when a part that a safe answer needs is down.
    fn authenticate(
        policy: &Self::Policy,
        request: &Request<'_>,
        services: &Services<'_>,
        report: &mut Report<Self::Reason>,
    ) -> Result<Authenticated<Self::Reason>, Refusal<Self::Reason>>;

    /// Checks the properties of a listener entry; an empty list means that they are valid.
    fn check_config(properties: Fields<'_, '_>, log: &dyn Log) -> Vec<Problem> {
        for warning in Self::warnings(properties) {
            log.warn(&warning);
        }
        Self::policy(properties).err().unwrap_or_default()
    }

    /// Judges a request that it can authenticate, by the properties of the listener entry.
    ///
    /// # Errors
    /// As [`Self::authenticate`]; [`Refusal::Unavailable`] while the properties are invalid.
    fn judge(
        properties: Fields<'_, '_>,
        request: &Request<'_>,
        services: &Services<'_>,
        report: &mut Report<Self::Reason>,
    ) -> Result<Authenticated<Self::Reason>, Refusal<Self::Reason>> {
        let invalid = |problems: Vec<Problem>| Refusal::Unavailable(format!("configuration: {}", joined(&problems)));
        Self::authenticate(&Self::policy(properties).map_err(invalid)?, request, services, report)
    }
}
