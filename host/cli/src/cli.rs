//! The command line: one file for each verb.
//!
//! 0 is success; 1 a failure, explained in one paragraph on standard error; 2 wrong usage. Data goes to
//! standard output, everything else to standard error.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use dropins_server::admin::documents::ErrorDocument;

use crate::output::{BAD, say_json};
use crate::{
    assertion, backup, check, client, completions, config, console, decision, health, init, keys, keystore, migrate,
    plugin, quickstart, reload, serve, status, user, version,
};

/// The verbs as the help lists them.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Start", &["quickstart", "init", "migrate", "serve", "check", "config"]),
    ("Operate", &["status", "health", "reload", "console", "plugin", "keys", "keystore", "backup"]),
    ("Clients and users", &["client", "user"]),
    ("Diagnose", &["explain", "assertion"]),
    ("Set up", &["completions", "man"]),
];

/// OAuth client authentication by plug-ins: private_key_jwt and others, swapped while the server runs.
#[derive(Parser)]
#[command(name = "dropins", version, long_version = version::long(), max_term_width = 100)]
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
    Config(config::Config),
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    Status(status::Status),
    Health(health::Health),
    Reload(reload::Reload),
    Console(console::Console),
    Explain(decision::ExplainRequest),
    #[command(subcommand)]
    Client(Box<client::Client>),
    #[command(subcommand)]
    User(user::UserVerb),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Keystore(keystore::Keystore),
    Backup(backup::Backup),
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    #[command(subcommand)]
    Assertion(assertion::Assertion),
    Completions(completions::Completions),
    Man(completions::Man),
}

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    let matches = command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    // Libraries that do not bring their own provider find one; it is the same everywhere.
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let done = match cli.verb {
        Verb::Quickstart(verb) => verb.run(),
        Verb::Init(verb) => verb.run(),
        Verb::Serve(verb) => verb.run(),
        Verb::Check(verb) => verb.run(),
        Verb::Config(verb) => verb.run(),
        Verb::Plugin(verb) => verb.run(),
        Verb::Status(verb) => verb.run(),
        Verb::Health(verb) => verb.run(),
        Verb::Reload(verb) => verb.run(),
        Verb::Console(verb) => verb.run(),
        Verb::Explain(verb) => verb.run(),
        Verb::Client(verb) => verb.run(),
        Verb::User(verb) => verb.run(),
        Verb::Keys(verb) => verb.run(),
        Verb::Keystore(verb) => verb.run(),
        Verb::Backup(verb) => verb.run(),
        Verb::Migrate(verb) => verb.run(),
        Verb::Assertion(verb) => verb.run(),
        Verb::Completions(verb) => verb.run(Cli::command()),
        Verb::Man(verb) => verb.run(Cli::command()),
    };
    done.unwrap_or_else(|error| {
        let text = paragraph(&error);
        let (label, text) = text.split_at(text.find(':').unwrap_or(0));
        // A reader that went away is no failure of ours.
        let _ = writeln!(anstream::stderr(), "{BAD}{label}{BAD:#}{text}");
        if wants_json(&matches) {
            let _ = say_json(&ErrorDocument { error: text.trim_start_matches(": ").to_owned() });
        }
        ExitCode::FAILURE
    })
}

/// The command with its verbs in groups.
fn command() -> Command {
    let command = Cli::command();
    let row = |verb: &&str| {
        let about = command.find_subcommand(verb).and_then(Command::get_about).map(ToString::to_string);
        format!("  {verb:<12}{}\n", about.unwrap_or_default())
    };
    let group = |(title, verbs): &(&str, &[&str])| format!("{title}:\n{}", verbs.iter().map(row).collect::<String>());
    let verbs = GROUPS.iter().map(group).collect::<Vec<_>>().join("\n");
    command.override_help(format!(
        "{}\n\nUsage: dropins [--home DIR] VERB\n\n{verbs}\n`dropins VERB --help` has an example; `--version` names \
         the commit, the contract with plug-ins and the components.\n",
        Cli::command().get_about().map(ToString::to_string).unwrap_or_default()
    ))
}

/// Whether the verb has the flag `--json`, and it is set.
fn wants_json(matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some((_, verb)) => wants_json(verb),
        None => matches.try_get_one::<bool>("json").is_ok_and(|flag| flag == Some(&true)),
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

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_lists_every_verb_in_one_group() {
        let mut listed: Vec<_> = GROUPS.iter().flat_map(|(_, verbs)| verbs.iter().copied()).collect();
        let command = Cli::command();
        let mut verbs: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
        listed.sort_unstable();
        verbs.sort_unstable();
        assert_eq!(listed, verbs);
    }

    #[test]
    fn the_home_is_named_before_or_after_the_verb() {
        for line in [["dropins", "--home", "/srv/is", "status"], ["dropins", "status", "--home", "/srv/is"]] {
            let Verb::Status(status) = Cli::try_parse_from(line).unwrap().verb else { panic!("{line:?}") };
            assert_eq!(status.home.home, std::path::Path::new("/srv/is"));
        }
    }

    #[test]
    fn a_client_is_named_in_the_same_ways_by_every_verb() {
        for verb in
            ["client show", "client remove", "keys refresh", "keys generate", "keystore view", "keystore remove"]
        {
            for name in [&["app"][..], &["--client-id=-app"]] {
                let line = ["dropins"].into_iter().chain(verb.split(' ')).chain(name.iter().copied());
                assert!(Cli::try_parse_from(line).is_ok(), "{verb} {name:?}");
            }
        }
        assert!(Cli::try_parse_from(["dropins", "assertion", "mint", "app", "--key", "k"]).is_ok());
        assert!(Cli::try_parse_from(["dropins", "keystore", "view", "--alias", "app"]).is_ok());
        assert!(Cli::try_parse_from(["dropins", "keystore", "view"]).is_err());
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
