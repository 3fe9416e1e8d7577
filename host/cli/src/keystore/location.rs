//! Which keystore a verb works on: a file and its password, from the home or from the command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dropins_config::LoadedHome;
use dropins_host::services::{Clock as _, SystemClock};
use dropins_keys::keystore::{Entry, Keystore as Store, StoreError};
use zeroize::Zeroizing;

use crate::args::HomeArgs;

/// Which keystore: one of the home's, or a file.
#[derive(Args)]
pub(super) struct StoreArgs {
    #[command(flatten)]
    home: HomeArgs,
    /// The home's [truststore] instead of its [keystore.primary]
    #[arg(long, conflicts_with = "keystore")]
    truststore: bool,
    /// A keystore file, of no home
    #[arg(long, value_name = "FILE")]
    keystore: Option<PathBuf>,
    /// Password of that file
    #[arg(long, value_name = "PASSWORD", env = "DROPINS_STOREPASS", hide_env_values = true)]
    storepass: Option<String>,
}

/// A keystore file and its password.
pub(super) struct Location {
    pub(super) path: PathBuf,
    pub(super) password: Zeroizing<String>,
}

impl StoreArgs {
    pub(super) fn location(self) -> anyhow::Result<Location> {
        if let Some(path) = self.keystore {
            let password = self.storepass.context("--keystore needs --storepass or the variable DROPINS_STOREPASS")?;
            return Ok(Location { path, password: Zeroizing::new(password) });
        }
        let home = self.home.home();
        let keystores = LoadedHome::read(&home, &self.home.properties)?.deployment.keystores;
        let (section, configured) =
            if self.truststore { ("truststore", keystores.trust) } else { ("keystore.primary", keystores.primary) };
        let configured = configured.with_context(|| {
            format!(
                "{} has no [{section}] with file_name and password; add it, or name a file with --keystore",
                home.deployment_toml().display()
            )
        })?;
        let password = Zeroizing::new(configured.password.expose().to_owned());
        Ok(Location { path: home.security().join(&configured.file_name), password })
    }
}

impl Location {
    pub(super) fn open(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.path, &self.password)?)
    }

    /// The entry under this alias.
    pub(super) fn entry(&self, store: &Store, alias: &str) -> anyhow::Result<Entry> {
        let named = || format!("the keystore {}", self.path.display());
        let entry = store.find(alias).with_context(named)?.cloned();
        entry.ok_or_else(|| StoreError::NoAlias { alias: alias.to_owned() }).with_context(named)
    }
}

pub(super) fn now() -> anyhow::Result<i64> {
    Ok(i64::try_from(SystemClock.now_seconds())?)
}
