//! `dropins client`: the clients of the identity database.
//!
//! Each verb works on the database itself, so it does not matter whether the server runs; a running one is told of a
//! change. Clients that `deployment.toml` declares are shown, and changed only there.

mod add;
mod audience;
mod document;
mod facts;
mod list;
mod registry;
mod remove;
mod show;
#[cfg(test)]
mod tests;
mod update;

use std::process::ExitCode;

use clap::Subcommand;

use crate::runtime::block_on;

/// Register, look at, change and remove clients.
#[derive(Subcommand)]
pub(super) enum Client {
    Add(add::Add),
    List(list::List),
    Audience(audience::Audience),
    Show(show::Show),
    Update(update::Update),
    Remove(remove::Remove),
}

impl Client {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(verb) => block_on(verb.run()),
            Self::List(verb) => block_on(verb.run()),
            Self::Audience(verb) => block_on(verb.run()),
            Self::Show(verb) => block_on(verb.run()),
            Self::Update(verb) => block_on(verb.run()),
            Self::Remove(verb) => block_on(verb.run()),
        }
    }
}
