//! The `dropins` command.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "documentation comments of arguments are help texts, which name sections as [truststore]"
)]

mod admin;
mod args;
mod assertion;
mod backup;
mod check;
mod cli;
mod client;
mod completions;
mod config;
mod console;
mod decision;
mod explain;
mod health;
mod init;
mod keys;
mod keystore;
mod memory;
mod migrate;
mod mint;
mod output;
mod plugin;
mod quickstart;
mod reload;
mod replay_load;
mod runtime;
mod serve;
mod status;
mod surroundings;
mod upstream_fit;
mod user;
mod version;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
