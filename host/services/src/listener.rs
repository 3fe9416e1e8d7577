//! A listener entry: which plug-in runs, in which order, with which properties.
//!
//! It is the host's own form of `[[event_listener]]`; reading a configuration file is the embedder's work.

use crate::digest::Digest;

/// How a listener entry names its plug-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// By the plug-in's own name or one of its aliases.
    Name(String),
    /// By its file in the plug-in folder.
    File(String),
}

impl std::fmt::Display for Binding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "name = \"{name}\""),
            Self::File(file) => write!(f, "file = \"{file}\""),
        }
    }
}

/// Whether an instance serves one request or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// A fresh instance for every request: nothing can leak from one to the next.
    #[default]
    Fresh,
    /// Instances are reused for a bounded, randomised number of requests, and dropped after any failure.
    Pooled,
}

/// One enabled listener entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The entry's label, for messages.
    pub id: String,
    /// Which plug-in.
    pub binding: Binding,
    /// Lower is asked first; equal orders are asked by name.
    pub order: i64,
    /// Properties in the order of the file; a list value is several entries of one name.
    pub properties: Vec<(String, String)>,
    /// The only digest that may run.
    pub pin: Option<Digest>,
    /// How long an instance lives.
    pub isolation: Isolation,
    /// The file of a candidate that judges the same requests, without effect, for comparison.
    pub shadow: Option<String>,
}
