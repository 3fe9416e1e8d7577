//! The plug-in folder of a home, as verbs open it.

use dropins_config::LoadedHome;
use dropins_operations::plugins::{Folder, PluginsError};

use crate::args::HomeArgs;

/// Opens the folder, which need not belong to a configuration that is right.
pub(super) fn open(home: &HomeArgs) -> Result<Folder, PluginsError> {
    let deployment = LoadedHome::read(&home.home(), &home.properties).ok().map(|started| started.deployment);
    Folder::open(home.home(), deployment)
}
