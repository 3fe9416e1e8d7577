//! What a migration did, or would do: for people and for scripts.

use std::path::PathBuf;

use serde::Serialize;

use crate::output::{say, say_table, say_warning};

/// What became of everything.
#[derive(Serialize)]
pub(super) struct Report {
    /// Nothing was written.
    pub(super) dry_run: bool,
    /// Where the configuration of before is.
    pub(super) saved: Option<PathBuf>,
    /// What was changed in the configuration.
    pub(super) configuration: Vec<String>,
    /// Keystores that were copied.
    pub(super) keystores: Vec<PathBuf>,
    /// Where the clients were read; `None` if they were not looked for.
    pub(super) clients_from: Option<String>,
    pub(super) clients: Vec<ClientLine>,
    /// What the operator has to do.
    pub(super) to_do: Vec<String>,
}

/// What became of one client.
#[derive(Serialize)]
pub(super) struct ClientLine {
    pub(super) client_id: String,
    pub(super) result: Became,
    /// Why it was left out.
    pub(super) reason: Option<String>,
    /// What of it was not taken over.
    pub(super) notes: Vec<String>,
}

/// What becomes of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Became {
    /// It is in the database now.
    Registered,
    /// A client of the same id was there, and stays as it is.
    Exists,
    /// It cannot be taken over.
    LeftOut,
}

impl Became {
    fn word(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Registered, false) => "registered",
            (Self::Registered, true) => "would be registered",
            (Self::Exists, _) => "is there already",
            (Self::LeftOut, _) => "left out",
        }
    }
}

impl Report {
    /// Prints it for people.
    pub(super) fn say(&self) -> anyhow::Result<()> {
        if self.dry_run {
            say("nothing was written: --dry-run")?;
        }
        say("configuration")?;
        self.configuration.iter().try_for_each(|note| say(format_args!("  {note}")))?;
        if let Some(saved) = &self.saved {
            say(format_args!("  the file of before is {}", saved.display()))?;
        }
        say("keystores")?;
        self.keystores.iter().try_for_each(|file| say(format_args!("  {}", file.display())))?;
        match &self.clients_from {
            Some(source) => say(format_args!("clients, from {source}"))?,
            None => say("clients: not read")?,
        }
        let row = |client: &ClientLine| {
            let notes = client.reason.iter().chain(&client.notes).cloned().collect::<Vec<_>>().join("; ");
            vec![client.client_id.clone(), client.result.word(self.dry_run).to_owned(), notes]
        };
        if !self.clients.is_empty() {
            say_table(&["CLIENT", "RESULT", "NOT TAKEN OVER"], &self.clients.iter().map(row).collect::<Vec<_>>())?;
        }
        self.to_do.iter().try_for_each(say_warning)
    }
}
