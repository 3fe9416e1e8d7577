//! `dropins keystore`: what is in a JKS or PKCS#12 file, as `keytool` shows it, and certificates in and out of it.
//!
//! Private keys are listed and carried along, never shown and never replaced. Every change is one atomic step and
//! leaves the previous file as `.bak`.

mod location;
mod show;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dropins_keys::keystore::certificate_pem;

use self::location::{StoreArgs, now};
use self::show::{List, View};
use crate::args::ClientId;
use crate::output::say;
use dropins_host::services::printable;
use dropins_operations::keystores::{KeystoreFault, remarks};

/// Certificates of clients in keystores, JKS or PKCS#12; an alias is a client id.
#[derive(Subcommand)]
pub(super) enum Keystore {
    List(List),
    View(View),
    Import(Import),
    Export(Export),
    Remove(Remove),
}

/// Import a client's certificate under its client id; a missing keystore is made, PKCS#12.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins keystore import --home ./dropins-home nwU59qy9AsDqftmwLcfmkvOhvuYa --file pubcert.pem"
)]
pub(super) struct Import {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    client: ClientId,
    /// The certificate, PEM or DER
    #[arg(long)]
    file: PathBuf,
    /// Replace a certificate that has this alias
    #[arg(long)]
    force: bool,
}

/// Write the certificate of an entry as PEM to standard output or a new file.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins keystore export --home ./dropins-home nwU59qy9AsDqftmwLcfmkvOhvuYa --file pubcert.pem"
)]
pub(super) struct Export {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    client: ClientId,
    /// The file; standard output without it
    #[arg(long)]
    file: Option<PathBuf>,
    /// Write DER
    #[arg(long)]
    der: bool,
}

/// Remove an entry.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins keystore remove --home ./dropins-home nwU59qy9AsDqftmwLcfmkvOhvuYa")]
pub(super) struct Remove {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    client: ClientId,
    /// Remove it even if it holds a key
    #[arg(long)]
    force: bool,
}

impl Keystore {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(verb) => verb.list(),
            Self::View(verb) => verb.view(),
            Self::Import(verb) => verb.import(),
            Self::Export(verb) => verb.export(),
            Self::Remove(verb) => verb.remove(),
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl Import {
    fn import(self) -> anyhow::Result<()> {
        let location = self.store.location()?;
        let shown = self.file.display();
        let bytes = fs::read(&self.file).with_context(|| format!("{shown} cannot be read"))?;
        let now = now()?;
        let imported = match location.import(self.client.get(), &bytes, now, self.force) {
            Err(KeystoreFault::Import(error)) => {
                return Err(error).with_context(|| format!("{shown} cannot be imported"));
            }
            other => other?,
        };
        for remark in remarks(&imported.entry, now) {
            writeln!(std::io::stderr(), "warning: {remark}")?;
        }
        let note = if imported.is_new { ", which is new" } else { "" };
        say(format_args!("{} was imported into {}{note}", printable(imported.entry.alias()), location.path.display()))
    }
}

impl Export {
    fn export(self) -> anyhow::Result<()> {
        let location = self.store.location()?;
        let (entry, der) = location.export(self.client.get())?;
        let content = if self.der { der } else { certificate_pem(&der).into_bytes() };
        match &self.file {
            None => Ok(std::io::stdout().write_all(&content)?),
            Some(path) => {
                let mut file = fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(path)
                    .with_context(|| format!("{} cannot be written; choose another name", path.display()))?;
                file.write_all(&content)?;
                say(format_args!("the certificate of {} is in {}", printable(entry.alias()), path.display()))
            }
        }
    }
}

impl Remove {
    fn remove(self) -> anyhow::Result<()> {
        let location = self.store.location()?;
        let removed = location.remove(self.client.get(), self.force)?;
        say(format_args!("{} was removed from {}", printable(removed.alias()), location.path.display()))
    }
}

#[cfg(test)]
mod tests;
