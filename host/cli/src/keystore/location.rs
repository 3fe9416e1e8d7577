//! Which keystore a verb works on: a file and its password, from the home or from the command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dropins_config::LoadedHome;
use dropins_host::services::{Clock as _, SystemClock};
use dropins_operations::keystores::{KeystoreFile, Which};

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

impl StoreArgs {
    pub(super) fn location(self) -> anyhow::Result<KeystoreFile> {
        if let Some(path) = self.keystore {
            let password = self.storepass.context("--keystore needs --storepass or the variable DROPINS_STOREPASS")?;
            return Ok(KeystoreFile::new(path, password));
        }
        let home = self.home.home();
        let deployment = LoadedHome::read(&home, &self.home.properties)?.deployment;
        let which = if self.truststore { Which::Trust } else { Which::Primary };
        Ok(KeystoreFile::configured(&home, &deployment, which)?)
    }
}

pub(super) fn now() -> anyhow::Result<i64> {
    Ok(i64::try_from(SystemClock.now_seconds())?)
}
