//! `dropins completions` and `dropins man`: what shells and `man` want to know about the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

use crate::output::say;

/// Print the completions for a shell.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins completions bash > /etc/bash_completion.d/dropins")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, mut command: Command) -> anyhow::Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "dropins", &mut script);
        say(String::from_utf8_lossy(&script).trim_end())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Write a man page for every verb into a folder.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins man /usr/local/share/man/man1")]
pub(super) struct Man {
    /// The folder; it is made if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Man {
    pub(super) fn run(self, command: Command) -> anyhow::Result<ExitCode> {
        let failed = || format!("{} cannot be written", self.folder.display());
        std::fs::create_dir_all(&self.folder).with_context(failed)?;
        clap_mangen::generate_to(command, &self.folder).with_context(failed)?;
        Ok(ExitCode::SUCCESS)
    }
}
