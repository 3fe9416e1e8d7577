//! The plug-ins in the folder of a home: tried, installed, removed.

mod destination;
mod error;
mod folder;
mod install;
mod names;
mod remove;

pub use destination::Occupied;
pub use error::PluginsError;
pub use folder::Folder;
pub use install::{Installed, Serving, install};
pub use names::{names, shadows};
pub use remove::remove;
