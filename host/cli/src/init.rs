//! `dropins init`: makes a home.

use std::process::ExitCode;

use clap::Args;
use dropins_host::services::{Clock as _, SystemClock};

use crate::args::HomeArgs;
use crate::output::say;
use dropins_config::home::{Addresses, Home, InitOptions, InitReport};
use dropins_oauth::tokens;

/// Make a home folder with a working configuration, the plug-ins and fresh keys.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins init --home ./dropins-home")]
pub(super) struct Init {
    #[command(flatten)]
    home: HomeArgs,
    /// Replace the configuration and the components of an existing home; keys and databases stay
    #[arg(long)]
    force: bool,
}

impl Init {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let home = self.home.home();
        let has_users = home.database().exists();
        let report = make(&home, self.force, Addresses::default(), "")?;
        say(format_args!("made {}", home.root().display()))?;
        for path in &report.written {
            say(format_args!("  wrote {}", path.strip_prefix(home.root()).unwrap_or(path).display()))?;
        }
        for path in &report.kept {
            say(format_args!("  kept  {}", path.strip_prefix(home.root()).unwrap_or(path).display()))?;
        }
        if let Some(saved) = &report.saved {
            say(format_args!("  saved the configuration of before as {}", saved.display()))?;
        }
        let root = self.home.home.display();
        if has_users {
            say(format_args!(
                "\nthe database is kept, and users in it keep their passwords; set a new one with \
                 `dropins user passwd admin --home {root}`"
            ))?;
        } else {
            let file = home.deployment_toml();
            say(format_args!("\nthe password of the administrator is in {}", file.display()))?;
        }
        say(format_args!("next: dropins serve --home {}", self.home.home.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes a home with the embedded components and fresh token-signing keys.
pub(super) fn make(
    home: &Home,
    force: bool,
    addresses: Addresses,
    further_configuration: &str,
) -> anyhow::Result<InitReport> {
    Ok(home.init(&InitOptions {
        force,
        components: &dropins_components::ALL,
        token_signing_keys: &tokens::first_keys()?,
        now: SystemClock.now_seconds(),
        addresses,
        further_configuration,
    })?)
}
