//! `dropins plugin`: the plug-ins of a home, in the folder and in the running server.

mod destination;
mod diff;
mod folder;
mod inspect;
mod install;
mod list;
mod names;
mod remove;
mod rollback;

use std::process::ExitCode;

use clap::Subcommand;

use self::diff::Diff;
use self::inspect::Inspect;
use self::install::Install;
use self::list::List;
use self::remove::Remove;
use self::rollback::Rollback;
use crate::runtime::block_on;

/// Look at plug-ins, install, remove and roll them back.
#[derive(Subcommand)]
pub(super) enum Plugin {
    List(List),
    Inspect(Inspect),
    Install(Install),
    Remove(Remove),
    Rollback(Rollback),
    Diff(Diff),
}

impl Plugin {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(verb) => block_on(verb.list()),
            Self::Inspect(verb) => block_on(verb.inspect()),
            Self::Install(verb) => block_on(verb.install()),
            Self::Remove(verb) => block_on(verb.remove()),
            Self::Rollback(verb) => block_on(verb.roll_back()),
            Self::Diff(verb) => block_on(verb.diff()),
        }
    }
}
