//! `dropins user`: the people who sign in.
//!
//! Each verb works on the database itself, so it does not matter whether the server runs. A password comes from a
//! prompt, a file or standard input, never from an argument, which other users of the machine can see.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dropins_host::services::SystemClock;
use serde_json::json;

use crate::args::HomeArgs;
use crate::output::{say, say_json, say_table};
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_live::open_database;
use dropins_protocol::Secret;
use dropins_store::users::{MIN_PASSWORD, User, Users};

/// Add, list, change and remove users.
#[derive(Subcommand)]
pub(super) enum UserVerb {
    Add(Add),
    List(List),
    Passwd(Passwd),
    /// Keep a user from signing in; the user's sessions end, and tokens are not active until the user is enabled again
    #[command(after_help = "Example:\n  dropins user disable jane.doe")]
    Disable(Account),
    /// Let a user sign in again
    #[command(after_help = "Example:\n  dropins user enable jane.doe")]
    Enable(Account),
    /// Remove a user, with sessions, consents and what clients were issued
    ///
    /// The user of [super_admin] is made again at the next start; disable it, or delete it from deployment.toml too.
    #[command(after_help = "Example:\n  dropins user remove jane.doe")]
    Remove(Account),
}

impl UserVerb {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async {
            match self {
                Self::Add(verb) => verb.run().await,
                Self::List(verb) => verb.run().await,
                Self::Passwd(verb) => verb.run().await,
                Self::Disable(account) => account.set_enabled(false).await,
                Self::Enable(account) => account.set_enabled(true).await,
                Self::Remove(account) => account.remove().await,
            }?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// The account of a user.
#[derive(Args)]
pub(super) struct Account {
    #[command(flatten)]
    home: HomeArgs,
    /// The name that the user signs in with
    #[arg(value_name = "USERNAME")]
    name: String,
}

impl Account {
    async fn users(&self) -> anyhow::Result<Users> {
        open(&self.home).await
    }

    async fn set_enabled(&self, enabled: bool) -> anyhow::Result<()> {
        self.users().await?.set_enabled(&self.name, enabled).await?;
        let can = if enabled { "can sign in" } else { "cannot sign in and has no session" };
        say(format_args!("the user {} {can}", self.name))
    }

    async fn remove(&self) -> anyhow::Result<()> {
        self.users().await?.remove(&self.name).await?;
        say(format_args!("removed the user {}", self.name))
    }
}

async fn open(home: &HomeArgs) -> anyhow::Result<Users> {
    let started = LoadedHome::read(&home.home(), &home.properties)?;
    let database = open_database(&started.home, &started.deployment).await?;
    Ok(Users::new(database, Arc::new(SystemClock)))
}

/// Where the password comes from.
#[derive(Args)]
struct PasswordArgs {
    /// Read the password from the first line of a file, `-` for standard input; otherwise it is asked for
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// Reads the password; an operator who types it does so twice.
    fn read(&self) -> anyhow::Result<Secret> {
        match &self.password_file {
            Some(path) if path != Path::new("-") => {
                let text = std::fs::read_to_string(path);
                Ok(first_line(&text.with_context(|| format!("{} cannot be read", path.display()))?))
            }
            None if std::io::stdin().is_terminal() => {
                let ask = |prompt| rpassword::prompt_password(prompt).context("the terminal cannot be read");
                let password = Secret::new(ask(format!("Password, at least {MIN_PASSWORD} characters: "))?);
                let again = Secret::new(ask("The same again: ".to_owned())?);
                anyhow::ensure!(password == again, "the two passwords differ; nothing was changed");
                Ok(password)
            }
            _ => {
                let mut text = String::new();
                let mut input = std::io::stdin().take(1 << 16);
                input.read_to_string(&mut text).context("standard input cannot be read")?;
                let password = first_line(&text);
                anyhow::ensure!(
                    !password.expose().is_empty(),
                    "the password is too short, it has at least {MIN_PASSWORD} characters: standard input is no terminal \
                     and holds none; give --password-file FILE"
                );
                Ok(password)
            }
        }
    }
}

fn first_line(text: &str) -> Secret {
    Secret::new(text.lines().next().unwrap_or_default())
}

/// Add a user; the server need not be restarted.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins user add jane.doe\n  dropins user add jane.doe --password-file ./password")]
pub(super) struct Add {
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    password: PasswordArgs,
    /// Add the user disabled: it cannot sign in
    #[arg(long)]
    disabled: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let users = self.account.users().await?;
        let user = users.add(&self.account.name, self.password.read()?, !self.disabled).await?;
        if self.json { say_json(&document(&user)) } else { say(format_args!("added the user {}", user.name)) }
    }
}

/// List all users.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins user list --home ./dropins-home")]
pub(super) struct List {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let users = open(&self.home).await?.list().await?;
        if self.json {
            return say_json(&users.iter().map(document).collect::<Vec<_>>());
        }
        let row = |user: &User| {
            let enabled = if user.enabled { "yes" } else { "no" };
            vec![user.name.clone(), enabled.to_owned(), user.id.clone()]
        };
        say_table(&["USERNAME", "ENABLED", "SUBJECT"], &users.iter().map(row).collect::<Vec<_>>())
    }
}

fn document(user: &User) -> serde_json::Value {
    json!({
        "username": user.name,
        "sub": user.id,
        "enabled": user.enabled,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    })
}

/// Set another password; the user's sessions and refresh tokens are revoked.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins user passwd jane.doe\n  dropins user passwd admin --password-file ./password"
)]
pub(super) struct Passwd {
    #[command(flatten)]
    account: Account,
    #[command(flatten)]
    password: PasswordArgs,
}

impl Passwd {
    async fn run(self) -> anyhow::Result<()> {
        let users = self.account.users().await?;
        // Before the operator types a password.
        let known = users.list().await?.iter().any(|user| user.name == self.account.name);
        anyhow::ensure!(
            known,
            "there is no user `{}`; `dropins user list` shows them",
            self.account.name.escape_debug()
        );
        users.set_password(&self.account.name, self.password.read()?).await?;
        say(format_args!("the user {} has another password, no session and no refresh token", self.account.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_of_its_file() {
        for (text, password) in [("secret", "secret"), (" a b \r\nrest", " a b "), ("\n", ""), ("", "")] {
            assert_eq!(first_line(text).expose(), password, "{text:?}");
        }
    }
}
