//! The last rejected requests, by the reference id that each client was told.
//!
//! A request that succeeds costs nothing here: its answer holds no reference id. At most `KEPT` records are about
//! registered clients, and `UNKNOWN` others are in a ring of their own, so that an attacker who makes up client ids
//! evicts none of the former. The texts of a record have at most 1 KiB and hold no secret, token or user name.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use dropins_host::{Decision, Verdict};
use dropins_protocol::OAuthError;
use serde::{Deserialize, Serialize};

use crate::audit;

const KEPT: usize = 10_000;
const UNKNOWN: usize = 1_000;
/// Bytes of a text that a client may have sent, and of another one.
const TEXT: usize = 128;
const WORD: usize = 64;
/// The reason of a client that is not registered.
const UNKNOWN_CLIENT: &str = "unknown-client";

/// What became of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The reference id.
    pub reference: String,
    /// Seconds since the Unix epoch.
    pub time: u64,
    /// The outcome, as in the log.
    pub outcome: String,
    /// The public URL that was called.
    pub endpoint: Option<String>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// The client that was found, or else the one that the request claims.
    pub client: Option<String>,
    /// The plug-in that decided.
    pub plugin: Option<String>,
    /// The digest of its component.
    pub digest: Option<String>,
    /// The generation that decided.
    pub generation: Option<u64>,
    /// The signature algorithm.
    pub algorithm: Option<String>,
    /// The thumbprint of the key that verified the signature, or else of the last one that was tried.
    pub key: Option<String>,
    /// Where this key is registered.
    pub key_source: Option<String>,
    /// The grant, or what else the authenticated client was refused.
    pub grant: Option<String>,
    /// The stable reason code, or the OAuth error.
    pub reason: Option<String>,
    /// What was expected.
    pub expected: Option<String>,
    /// What was received.
    pub received: Option<String>,
}

/// The last rejected requests.
#[derive(Default)]
pub struct Decisions {
    registered: Ring,
    unknown: Ring,
}

#[derive(Default)]
struct Ring(Mutex<VecDeque<DecisionRecord>>);

impl Decisions {
    /// Keeps a decision of the plug-ins, unless it authenticated the client.
    pub fn decided(&self, time: u64, reference: &str, endpoint: &str, address: Option<IpAddr>, decision: &Decision) {
        let (reason, detail) = match &decision.verdict {
            Verdict::Authenticated(_) => return,
            Verdict::Rejected(rejection) => (Some(rejection.reason.as_str()), rejection.detail.clone()),
            Verdict::SeveralMethods(plugins) => (None, plugins.join(", ")),
            Verdict::Unavailable(part) => (None, part.clone()),
            Verdict::Failed(kind, message) => (Some(kind.as_str()), message.clone()),
            Verdict::NoMethod | Verdict::Overloaded => (None, String::new()),
        };
        let evidence = &decision.evidence;
        let record = DecisionRecord {
            endpoint: Some(cut(endpoint, TEXT)),
            client: evidence.client_id.as_deref().map(|id| cut(id, TEXT)),
            plugin: decision.plugin.as_ref().map(|plugin| cut(&plugin.name, WORD)),
            digest: decision.plugin.as_ref().map(|plugin| plugin.digest.to_string()),
            generation: Some(decision.generation),
            algorithm: evidence.algorithm.as_deref().map(|name| cut(name, WORD)),
            key: evidence.key.as_ref().map(|key| cut(&key.thumbprint, WORD)),
            key_source: evidence.key.as_ref().map(|key| cut(&key.source, TEXT)),
            ..DecisionRecord::new(time, reference, address, audit::outcome(&decision.verdict), reason, &detail)
        };
        // What is malformed is rejected before the client is looked up.
        let malformed =
            matches!(&decision.verdict, Verdict::Rejected(rejection) if rejection.error == "invalid_request");
        let registered = record.client.is_some() && reason != Some(UNKNOWN_CLIENT) && !malformed;
        if registered { self.registered.push(record, KEPT) } else { self.unknown.push(record, UNKNOWN) }
    }

    /// Keeps a request that was rejected without a plug-in; `outcome` as in the log, `client` as the request claims.
    pub fn rejected(
        &self,
        time: u64,
        reference: &str,
        address: Option<IpAddr>,
        outcome: &'static str,
        client: Option<&str>,
        error: &OAuthError,
    ) {
        let (code, detail) = (error.code.as_str(), error.describable());
        let record = DecisionRecord::new(time, reference, address, outcome, Some(code), &detail);
        self.unknown.push(DecisionRecord { client: client.map(|id| cut(id, TEXT)), ..record }, UNKNOWN);
    }

    /// Keeps what an authenticated client was refused, and the reason.
    pub fn refused(&self, time: u64, reference: &str, client: &str, grant: &str, reason: &str, detail: &str) {
        let record = DecisionRecord::new(time, reference, None, "grant-refused", Some(reason), detail);
        let (client, grant) = (Some(cut(client, TEXT)), Some(cut(grant, WORD)));
        self.registered.push(DecisionRecord { client, grant, ..record }, KEPT);
    }

    /// The newest records of a client and with a reason code, at most so many, the newest first; an empty text is in all
    /// of them. A client is found by any part of its id.
    pub fn search(&self, client: &str, reason: &str, most: usize) -> Vec<DecisionRecord> {
        let wanted = |record: &DecisionRecord| {
            record.client.as_deref().unwrap_or_default().contains(client)
                && (reason.is_empty() || record.reason.as_deref() == Some(reason))
        };
        let mut found = self.registered.search(&wanted, most);
        found.extend(self.unknown.search(&wanted, most));
        found.sort_by_key(|record| std::cmp::Reverse(record.time));
        found.truncate(most);
        found
    }

    /// The last record under this reference id.
    pub fn find(&self, reference: &str) -> Option<DecisionRecord> {
        self.registered.find(reference).or_else(|| self.unknown.find(reference))
    }
}

impl DecisionRecord {
    /// The plug-in with its digest and its generation.
    pub fn shown_plugin(&self) -> Option<String> {
        let digest = self.digest.as_deref().unwrap_or_default();
        let generation = self.generation.unwrap_or_default();
        self.plugin.as_ref().map(|name| format!("{name} {digest}, generation {generation}"))
    }

    /// The key with its source.
    pub fn shown_key(&self) -> Option<String> {
        self.key.as_ref().map(|key| match &self.key_source {
            Some(source) => format!("{key} ({source})"),
            None => key.clone(),
        })
    }

    fn new(
        time: u64,
        reference: &str,
        address: Option<IpAddr>,
        outcome: &str,
        reason: Option<&str>,
        detail: &str,
    ) -> Self {
        let sides = detail.strip_prefix("expected ").and_then(|rest| rest.split_once("; received "));
        let (expected, received) = match sides {
            Some((expected, received)) => (Some(cut(expected, TEXT)), Some(cut(received, TEXT))),
            None => (None, Some(cut(detail, TEXT)).filter(|detail| !detail.is_empty())),
        };
        let (reference, outcome, reason) =
            (reference.to_owned(), outcome.to_owned(), reason.map(|code| cut(code, WORD)));
        Self { reference, time, outcome, address, reason, expected, received, ..Self::default() }
    }
}

impl Ring {
    fn push(&self, record: DecisionRecord, most: usize) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= most {
            records.pop_front();
        }
        records.push_back(record);
    }

    fn find(&self, reference: &str) -> Option<DecisionRecord> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().rev().find(|record| record.reference == reference).cloned()
    }

    fn search(&self, wanted: &dyn Fn(&DecisionRecord) -> bool, most: usize) -> Vec<DecisionRecord> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().rev().filter(|record| wanted(record)).take(most).cloned().collect()
    }
}

/// At most this many bytes of a text, without control characters.
fn cut(text: &str, most: usize) -> String {
    let text = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dropins_host::{Evidence, Rejection};

    use super::*;

    fn rejected(client: &str, reason: &str, detail: &str) -> Decision {
        let rejection =
            Rejection { error: "invalid_client".to_owned(), reason: reason.to_owned(), detail: detail.to_owned() };
        Decision {
            verdict: Verdict::Rejected(rejection),
            plugin: None,
            evidence: Evidence { client_id: Some(client.to_owned()), ..Evidence::default() },
            generation: 3,
            duration: Duration::ZERO,
            explanation: None,
        }
    }

    #[test]
    fn a_decision_is_found_by_its_reference_and_no_text_is_long() {
        let decisions = Decisions::default();
        let long = "é".repeat(5_000);
        let decision = rejected(&long, "expired", &format!("expected {long}; received {long}\n"));
        decisions.decided(7, "REFERENCE", &long, None, &decision);
        let record = decisions.find("REFERENCE").unwrap();
        assert_eq!((record.time, record.outcome.as_str(), record.reason.as_deref()), (7, "rejected", Some("expired")));
        assert_eq!((record.expected, record.received), (Some("é".repeat(64)), Some("é".repeat(64))));
        assert_eq!((record.endpoint.unwrap().len(), record.client.unwrap().len()), (TEXT, TEXT));
        assert_eq!(decisions.find("ANOTHER"), None);
    }

    #[test]
    fn a_request_that_succeeds_is_not_kept() {
        let decisions = Decisions::default();
        let client = dropins_host::Client { id: "app".to_owned(), method: String::new(), attributes: Vec::new() };
        let decision = Decision { verdict: Verdict::Authenticated(client), ..rejected("app", "", "") };
        decisions.decided(0, "GOOD", "e", None, &decision);
        assert_eq!(decisions.find("GOOD"), None);
        decisions.refused(0, "GOOD", "app", "refresh_token", "invalid_grant", "the token was rotated");
        let record = decisions.find("GOOD").unwrap();
        assert_eq!((record.expected, record.received.as_deref()), (None, Some("the token was rotated")));
    }

    #[test]
    fn requests_of_unknown_clients_evict_no_others_and_the_oldest_goes_first() {
        let decisions = Decisions::default();
        decisions.decided(0, "KNOWN", "e", None, &rejected("app", "expired", ""));
        for number in 0..=UNKNOWN {
            decisions.decided(0, &format!("U{number}"), "e", None, &rejected("x", UNKNOWN_CLIENT, ""));
        }
        assert!(decisions.find("KNOWN").is_some());
        assert!(decisions.find("U0").is_none() && decisions.find("U1").is_some());
        for number in 0..KEPT {
            decisions.decided(0, &format!("K{number}"), "e", None, &rejected("app", "expired", ""));
        }
        assert!(decisions.find("KNOWN").is_none() && decisions.find("K0").is_some());
    }
}
