//! The command line: one file for each verb.
//!
//! 0 is success; 1 a failure, explained in one paragraph on standard error; 2 wrong usage. Data goes to
//! standard output, everything else to standard error.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{assertion, check, client, init, keys, keystore, plugin, quickstart, reload, serve, status, user};

/// OAuth client authentication by plug-ins: private_key_jwt and others, swapped while the server runs.
#[derive(Parser)]
#[command(name = "dropins", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// The home folder, before or after the verb
    #[arg(id = "home", long = "home", global = true, value_name = "DIR")]
    _home: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    Quickstart(quickstart::Quickstart),
    Init(init::Init),
    Serve(serve::Serve),
    Check(check::Check),
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    Status(status::Status),
    Reload(reload::Reload),
    #[command(subcommand)]
    Client(client::Client),
    #[command(subcommand)]
    User(user::UserVerb),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Keystore(keystore::Keystore),
    #[command(subcommand)]
    Assertion(assertion::Assertion),
}

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    // Libraries that do not bring their own provider find one; it is the same everywhere.
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let done = match cli.verb {
        Verb::Quickstart(verb) => verb.run(),
        Verb::Init(verb) => verb.run(),
        Verb::Serve(verb) => verb.run(),
        Verb::Check(verb) => verb.run(),
        Verb::Plugin(verb) => verb.run(),
        Verb::Status(verb) => verb.run(),
        Verb::Reload(verb) => verb.run(),
        Verb::Client(verb) => verb.run(),
        Verb::User(verb) => verb.run(),
        Verb::Keys(verb) => verb.run(),
        Verb::Keystore(verb) => verb.run(),
        Verb::Assertion(verb) => verb.run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // A reader that went away is no failure of ours.
            let _ = writeln!(std::io::stderr(), "{}", paragraph(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes; what renders itself with places keeps its own form.
fn paragraph(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    if text.starts_with("error") { text } else { format!("error: {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_home_is_named_before_or_after_the_verb() {
        for line in [["dropins", "--home", "/srv/is", "status"], ["dropins", "status", "--home", "/srv/is"]] {
            let Verb::Status(status) = Cli::try_parse_from(line).unwrap().verb else { panic!("{line:?}") };
            assert_eq!(status.home.home, std::path::Path::new("/srv/is"));
        }
    }

    #[test]
    fn every_verb_has_an_example_in_its_help() {
        fn verbs(command: &clap::Command, path: &str) {
            for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
                let path = format!("{path} {}", verb.get_name());
                if verb.has_subcommands() {
                    verbs(verb, &path);
                } else {
                    let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
                    assert!(help.contains("Example:") && help.contains(path.trim()), "{path}: {help}");
                }
            }
        }
        verbs(&Cli::command(), "dropins");
    }
}
