//! What became of a candidate, as an operator is told.

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A new generation is live.
    Published,
    /// An earlier generation, or an earlier component, is live again.
    RolledBack,
    /// The contents are those of the live generation.
    Unchanged,
    /// The candidate is wrong, and the live generation stays.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Published, Self::RolledBack, Self::Unchanged, Self::Refused];

    /// The name in metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::RolledBack => "rolled_back",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// The answer to `POST /reload` and `POST /rollback`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReloadReport {
    /// How it ended.
    pub result: Outcome,
    /// The generation that is live now.
    pub generation: u64,
    /// What is different from before, one phrase each.
    pub changes: Vec<String>,
    /// Sections that wait for a restart.
    pub needs_restart: Vec<String>,
    /// What an operator should know although it works.
    pub warnings: Vec<String>,
    /// Components that the compiler still works on; the listeners wait for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compiling: Vec<String>,
    /// Why it was refused, with every place in the file; it may have several lines.
    #[serde(rename = "error", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it was refused before for a transient cause, and still is: then it is neither logged nor counted.
    #[serde(skip)]
    pub(super) repeated: bool,
}

impl ReloadReport {
    /// A refusal: this generation stays live.
    pub(super) fn refused(generation: u64, reason: impl Into<String>) -> Self {
        Self {
            result: Outcome::Refused,
            generation,
            changes: Vec::new(),
            needs_restart: Vec::new(),
            warnings: Vec::new(),
            compiling: Vec::new(),
            reason: Some(reason.into()),
            repeated: false,
        }
    }

    /// How it ended, on one line: what is live, and what is different from before. Its reason is [`Self::reason`].
    pub fn summary(&self) -> String {
        let Self { result, generation, changes, .. } = self;
        let changes = if changes.is_empty() { String::new() } else { format!(": {}", changes.join(", ")) };
        match result {
            Outcome::Refused => format!("refused, generation {generation} stays live"),
            Outcome::Unchanged => format!("unchanged: generation {generation} is live"),
            Outcome::RolledBack => format!("rolled back to generation {generation}{changes}"),
            Outcome::Published => format!("published generation {generation}{changes}"),
        }
    }

    /// Whether the live generation is what was asked for.
    pub fn is_good(&self) -> bool {
        self.result != Outcome::Refused
    }
}
