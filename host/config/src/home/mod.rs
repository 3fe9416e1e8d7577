//! The home folder: its layout, how one is made, how one is read.

mod home_id;
mod init;
mod kept;
mod layout;
mod loaded;
mod lock;
mod socket_path;
mod template;
mod tls;
mod write;

pub use home_id::{HOME_HEADER, HomeId};
pub use init::{HomeError, InitOptions, InitReport};
pub use kept::KeptComponents;
pub use layout::Home;
pub use loaded::{LoadError, LoadedHome, identity_database, server};
pub use lock::{HomeLock, LockError};
pub use socket_path::SocketPath;
pub use template::Addresses;
pub use write::{remove as remove_file, replace as replace_file};
