//! The clients of a home, as every verb opens them, and the words for what goes wrong.

use std::io::Write as _;
use std::sync::Arc;

use dropins_host::services::SystemClock;
use reqwest::Method;

use super::facts::Facts;
use crate::admin;
use crate::args::HomeArgs;
use dropins_config::{Fault, LoadedHome};
use dropins_live::open_database;
use dropins_operations::clients::{ClientsError, Registry};

pub(super) async fn open(home: &HomeArgs) -> anyhow::Result<Registry> {
    let LoadedHome { home, deployment, .. } = LoadedHome::read(&home.home(), &home.properties)?;
    let database = open_database(&home, &deployment).await?;
    Ok(Registry::new(home, deployment, &database, Arc::new(SystemClock)))
}

/// Has a running server see a change now. Other nodes, and a server that cannot be told, see it within 2 s.
pub(super) async fn announce(home: &HomeArgs) -> anyhow::Result<()> {
    if let Err(error) = admin::ask_if_running::<()>(home, Method::POST, "/clients/refresh").await {
        writeln!(std::io::stderr(), "warning: the running server sees this within 2 s: {error}")?;
    }
    Ok(())
}

/// A fault with the file that the member was read from.
pub(super) fn say(fault: &Fault, facts: &Facts) -> String {
    match facts.file(fault.field) {
        Some(file) => format!("{}: {}: {}", fault.field, file.display(), fault.message),
        None => fault.to_string(),
    }
}

/// The error with the files that wrong members were read from.
pub(super) fn explained(error: ClientsError, facts: &Facts) -> anyhow::Error {
    match error {
        ClientsError::Rejected { client_id, faults } => {
            let faults: Vec<_> = faults.iter().map(|fault| say(fault, facts)).collect();
            anyhow::anyhow!("the client `{client_id}` is rejected: {}", faults.join("; "))
        }
        other => other.into(),
    }
}
