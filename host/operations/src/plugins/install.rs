//! A component is tried, then put into the plug-in folder in one atomic step.
//!
//! What the next start would refuse never gets there unless it is forced, what is no plug-in never at all, nor a second
//! file that claims the name of one: see [`Destination`]. The bytes that were tried are placed, and those that they
//! replace are kept.

use std::path::PathBuf;

use dropins_config::home::{KeptComponents, replace_file};
use dropins_host::{Candidate, Digest, Validated};
use dropins_live as live;
use futures_util::future::BoxFuture;

use super::destination::Destination;
use super::error::PluginsError;
use super::folder::Folder;

/// A plug-in that a running server serves.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// The file of its shadow.
    pub shadow: Option<String>,
}

/// A plug-in that is in the folder now.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its file.
    pub path: PathBuf,
    /// The name of this file.
    pub file: String,
    /// The listener entry that would enable it; `None` if an enabled one names it, or nothing was tried.
    pub entry: Option<String>,
}

/// Tries a component, which came in a file of this name, and installs it; with `force`, without a trial, also in place of
/// a file that holds another plug-in. `serving` is what a running server serves.
///
/// The caller has the server reload.
///
/// # Errors
/// [`PluginsError`] says why it is not installed; the folder is as it was.
pub fn install<'a>(
    folder: &'a Folder,
    given: &'a str,
    candidate: Candidate,
    serving: &'a [Serving],
    force: bool,
) -> BoxFuture<'a, Result<Installed, PluginsError>> {
    Box::pin(async move {
        let plugin = candidate.clone().validate(&folder.engine).await?;
        let name = &plugin.description().name;
        let file = destination(folder, name, given, serving)?.choose(force)?;
        // Under the name that its file will have.
        let plugin = Candidate::new(&*file, candidate.bytes().clone()).validate(&folder.engine).await?;
        let mut hint = None;
        if !force {
            let named = live::try_out(&plugin, &folder.engine, folder.deployment.as_ref(), &[]).await?.is_named;
            hint = (!named && folder.deployment.is_some()).then(|| entry(&plugin, folder));
        }
        let path = folder.path.join(&file);
        if let Ok(old) = Candidate::read(&path, folder.component_size()) {
            let kept = KeptComponents::of(&folder.home).keep(old.bytes());
            kept.map_err(|error| PluginsError::Keep { path: path.clone(), error })?;
        }
        replace_file(&path, candidate.bytes()).map_err(|error| PluginsError::Write { path: path.clone(), error })?;
        let version = plugin.description().version.clone();
        Ok(Installed { name: name.clone(), version, digest: plugin.digest(), path, file, entry: hint })
    })
}

fn destination<'a>(
    folder: &Folder,
    name: &'a str,
    given: &'a str,
    serving: &[Serving],
) -> Result<Destination<'a>, PluginsError> {
    let shadows = match &folder.deployment {
        Some(deployment) => deployment.listeners.iter().filter_map(|listener| listener.shadow.clone()).collect(),
        None => serving.iter().filter_map(|plugin| plugin.shadow.clone()).collect(),
    };
    let contents = folder.contents()?.into_iter().map(|found| match found {
        Ok(component) => (component.file().to_owned(), component.declared_name()),
        Err(error) => (error.file, None),
    });
    let live = serving.iter().find(|plugin| plugin.name == name).map(|plugin| plugin.file.clone());
    Ok(Destination { name, given, folder: contents.collect(), shadows, live })
}

/// The listener entry that enables the plug-in after all others.
fn entry(plugin: &Validated, folder: &Folder) -> String {
    let (name, file) = (&plugin.description().name, plugin.file());
    let listeners = folder.deployment.iter().flat_map(|deployment| &deployment.listeners);
    let order = listeners.map(|listener| listener.order).max().unwrap_or(899).saturating_add(1);
    format!("[[event_listener]]\nid = \"{name}\"\nfile = \"{file}\"\norder = {order}\nenable = true\n")
}
