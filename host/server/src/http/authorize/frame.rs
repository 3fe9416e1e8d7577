//! What all pages have in common: where they are, and what they are made of.

use super::assets::{LOGO, STYLE};
use dropins_config::endpoints;

/// Where a page is.
pub(super) struct Frame {
    /// What precedes every path.
    pub(super) prefix: String,
    /// The host that the person is at.
    pub(super) host: String,
}

impl Frame {
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn asset(&self, name: &str) -> String {
        self.path(&endpoints::STATIC.replace("{name}", name))
    }

    pub(super) fn style(&self) -> String {
        self.asset(&STYLE.name)
    }

    pub(super) fn logo(&self) -> String {
        self.asset(&LOGO.name)
    }
}
