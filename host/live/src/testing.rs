//! Homes for unit tests of this room and of those above.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use tempfile::TempDir;

use dropins_config::Home;
use dropins_config::home::{Addresses, InitOptions};
use dropins_oauth::tokens::first_keys;

/// A fresh home with the embedded components, and this text at the end of its configuration.
///
/// # Panics
/// If the disk is full.
pub fn home(further_configuration: &str) -> (TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    let options = InitOptions {
        force: false,
        components: &dropins_components::ALL,
        token_signing_keys: &first_keys().unwrap(),
        now: 1_800_000_000,
        addresses: Addresses::default(),
        further_configuration,
    };
    home.init(&options).unwrap();
    (folder, home)
}
