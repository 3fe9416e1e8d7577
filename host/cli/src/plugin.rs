//! `dropins plugin`: the plug-ins of a home, in the folder and in the running server, and what their authors need.

mod diff;
mod folder;
mod inspect;
mod install;
mod list;
mod new;
mod remove;
mod rollback;
mod test;

use std::process::ExitCode;

use clap::Subcommand;

use self::diff::Diff;
use self::inspect::Inspect;
use self::install::Install;
use self::list::List;
use self::new::New;
use self::remove::Remove;
use self::rollback::Rollback;
use self::test::Test;
use crate::runtime::block_on;

/// Look at plug-ins, install, remove and roll them back; write and try new ones.
#[derive(Subcommand)]
pub(super) enum Plugin {
    List(List),
    Inspect(Inspect),
    Install(Install),
    Remove(Remove),
    Rollback(Rollback),
    Diff(Diff),
    New(New),
    Test(Test),
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
            Self::New(verb) => verb.run(),
            Self::Test(verb) => block_on(verb.test()),
        }
    }
}
