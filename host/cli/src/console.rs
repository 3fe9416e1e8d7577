//! `dropins console`: where the operator's console is, and a code that signs in there once.

use std::process::ExitCode;

use clap::Args;
use dropins_console::documents::CodeDocument;
use reqwest::Method;

use crate::admin;
use crate::args::HomeArgs;
use crate::output::{say, say_json};
use crate::runtime::block_on;

/// Print the address of the operator's console and a code that signs in there, once and within a minute.
///
/// The running server makes the code for its user, who asks at the admin socket. The console is served over loopback or
/// TLS; the admin token signs in too.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins console --home ./dropins-home")]
pub(super) struct Console {
    #[command(flatten)]
    home: HomeArgs,
    /// Print the JSON document
    #[arg(long)]
    json: bool,
}

impl Console {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async move {
            let document: CodeDocument = admin::ask(&self.home, Method::POST, "/console/codes").await?;
            if self.json {
                say_json(&document)?;
            } else {
                let CodeDocument { address, code, expires_in } = document;
                say(format_args!("address  {address}\ncode     {code}\nit signs in once, within {expires_in} s"))?;
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
