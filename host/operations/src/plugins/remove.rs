//! A component is taken out of the plug-in folder.

use std::path::PathBuf;

use dropins_config::home;
use dropins_host::Candidate;

use super::error::PluginsError;
use super::folder::Folder;
use super::names::names;

/// Removes the component that is meant by its name, an alias, or its file; one that an enabled listener needs stays,
/// unless it is forced. Returns the file that is gone. The caller has the server reload.
///
/// # Errors
/// [`PluginsError`] says why it stays.
pub fn remove(folder: &Folder, name: &str, force: bool) -> Result<PathBuf, PluginsError> {
    let components: Vec<Candidate> = folder.contents()?.into_iter().flatten().collect();
    let is_meant = |one: &&Candidate| one.file() == name || one.names().iter().any(|other| other == name);
    let meant: Vec<&Candidate> = components.iter().filter(is_meant).collect();
    let file = match meant.as_slice() {
        [plugin] => {
            if !force {
                check_need(folder, plugin, name)?;
            }
            plugin.file().to_owned()
        }
        // What cannot be read has no name but its file's.
        [] if folder.has(name) => name.to_owned(),
        [] => return Err(PluginsError::Unknown { name: name.to_owned(), folder: folder.path.clone() }),
        several => {
            let files = several.iter().map(|plugin| plugin.file().to_owned()).collect();
            return Err(PluginsError::Several { name: name.to_owned(), files });
        }
    };
    let path = folder.path.join(&file);
    home::remove_file(&path).map_err(|error| PluginsError::Remove { path: path.clone(), error })?;
    Ok(path)
}

/// A listener that is left without its plug-in keeps the server from starting.
fn check_need(folder: &Folder, plugin: &Candidate, name: &str) -> Result<(), PluginsError> {
    let Some(deployment) = &folder.deployment else { return Err(PluginsError::Unclear) };
    let listeners = &deployment.listeners;
    let needed = listeners.iter().find(|listener| listener.enabled && names(listener, listeners, plugin));
    let Some(listener) = needed else { return Ok(()) };
    let listener = listener.id.clone().unwrap_or_else(|| name.to_owned());
    Err(PluginsError::Needed { listener, file: plugin.file().to_owned() })
}
