//! The home folder: its layout, how one is made, how one is read.

mod admin_address;
mod init;
mod layout;
mod loaded;
mod template;
mod tls;
mod write;

pub use admin_address::{AdminAddress, Announced};
pub use init::{HomeError, InitOptions, InitReport};
pub use layout::Home;
pub use loaded::{LoadError, LoadedHome, identity_database, server};
pub use template::Addresses;
pub use write::{remove as remove_file, replace as replace_file};
