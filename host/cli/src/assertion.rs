//! `dropins assertion`: makes assertions, and says what is wrong with one.

use std::process::ExitCode;

use clap::Subcommand;

use super::explain::Explain;
use super::mint::Mint;

/// Make an assertion, or find out what is wrong with one.
#[derive(Subcommand)]
pub(super) enum Assertion {
    Mint(Mint),
    Explain(Explain),
}

impl Assertion {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Mint(verb) => verb.run(),
            Self::Explain(verb) => verb.run(),
        }
    }
}
