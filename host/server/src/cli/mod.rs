//! The command line: one verb per file.
//!
//! 0 is success; 1 a failure, explained in one paragraph on standard error; 2 wrong usage. Data goes to
//! standard output, everything else to standard error.

mod admin;
mod assertion;
mod check;
mod client;
mod explain;
mod init;
mod keys;
mod keystore;
mod mint;
mod plugin;
mod quickstart;
mod reload;
mod serve;
mod status;
mod user;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::Value;

use crate::home::Home;

/// OAuth client authentication by plug-ins: private_key_jwt and others, swapped while the server runs.
#[derive(Parser)]
#[command(name = "dropins", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
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

/// Where the home is, and what its configuration may refer to.
#[derive(Args, Clone)]
struct HomeArgs {
    /// The home folder
    #[arg(long, value_name = "DIR", default_value = "./dropins-home", env = "DROPINS_HOME")]
    home: PathBuf,
    /// A system property for $sys{NAME} in deployment.toml
    #[arg(short = 'D', value_name = "NAME=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,
}

impl HomeArgs {
    fn home(&self) -> Home {
        Home::new(&self.home)
    }
}

fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
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

/// Runs a verb that talks or waits.
fn block_on(verb: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(verb)
}

/// Prints a line; a closed pipe ends the program as it ends others.
fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Prints a JSON document for scripts.
fn say_json(document: &impl serde::Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(document)?)
}

/// A member of a JSON object; null when there is none.
fn member<'a>(document: &'a Value, name: &str) -> &'a Value {
    document.get(name).unwrap_or(&Value::Null)
}

/// Prints rows in columns that are as wide as their widest cell.
fn say_table(header: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(header.get(column).map(|title| title.len())).max().unwrap_or(0)
    };
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    say(line(&mut header.iter().copied()))?;
    rows.iter().try_for_each(|row| say(line(&mut row.iter().map(String::as_str))))
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

    #[test]
    fn a_system_property_has_a_name_and_a_value() {
        assert_eq!(property("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(property("a").is_err());
    }
}
