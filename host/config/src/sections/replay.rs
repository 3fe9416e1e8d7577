//! `[replay_store]`: where used assertions are remembered, and how many of them are to be expected.
//!
//! What is kept in the memory of one process is never chosen without the operator's word.

use std::ops::Range;

use dropins_database::ServerUrl;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::database::{self, Database};

/// Where used assertions are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayStore {
    /// In the table `IDN_OIDC_JTI` of the identity database.
    IdentityDb,
    /// In a Redis or Valkey server.
    Redis(ServerUrl),
    /// In the memory of this process: for one node, until it stops.
    Memory,
}

/// What the replay store is to hold, for the warning that it will not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayLoad {
    /// Assertions per second, on all nodes.
    pub expected_rate: u32,
    /// Bytes that the store may take.
    pub size_limit: u64,
}

/// The key that holds the address of the replay store, and where its value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayAddress {
    /// `replay_store.url`.
    pub path: &'static str,
    /// Byte range of the value.
    pub span: Range<usize>,
}

pub(super) const TYPE: &str = "replay_store.type";
const URL: &str = "replay_store.url";

impl ReplayStore {
    /// Nothing when it cannot be reached as it is written, which is reported.
    pub(super) fn read(settings: &Section, findings: &mut Findings) -> Option<Self> {
        let kind = settings.text(TYPE).unwrap_or_default();
        let span = settings.span(TYPE);
        if settings.has(URL) && kind != "redis" {
            findings.notice(&settings.span(URL), URL, format!("accepted, without meaning for type `{kind}`"));
        }
        match kind.as_str() {
            "redis" => {
                if settings.lacks(URL) {
                    let problem = Problem::new(Code::Missing, span, URL, "the replay store `redis` needs a `url`");
                    findings.problem(problem.help("url = \"redis://:password@host:6379/0\""));
                }
                database::address(settings, URL, &database::REDIS, findings).map(Self::Redis)
            }
            "memory" => {
                findings.notice(&span, TYPE, "used assertions are forgotten at a restart and not shared between nodes");
                Some(Self::Memory)
            }
            _ => Some(Self::IdentityDb),
        }
    }
}

impl ReplayLoad {
    pub(super) fn read(settings: &Section) -> Self {
        Self {
            expected_rate: settings.number("replay_store.expected_rate"),
            size_limit: settings.size("replay_store.size_limit"),
        }
    }
}

impl ReplayAddress {
    pub(super) fn read(settings: &Section) -> Self {
        let path = if settings.has(URL) { URL } else { Database::address_key(settings) };
        Self { path, span: settings.span(path) }
    }
}
