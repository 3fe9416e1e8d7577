//! `dropins migrate`: what another server keeps, read into this home.

mod app;
mod callback;
mod configuration;
mod csv_table;
mod dump;
mod keystores;
mod report;
mod secret;
mod table;
mod wso2;

use std::process::ExitCode;

use clap::Subcommand;

/// Read the configuration, the keystores and the clients of another server into this home.
#[derive(Subcommand)]
pub(super) enum Migrate {
    Wso2(wso2::Wso2),
}

impl Migrate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Wso2(verb) => verb.run(),
        }
    }
}
