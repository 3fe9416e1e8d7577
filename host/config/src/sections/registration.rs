//! `[oauth.dcr]`: whether clients may register themselves (RFC 7591), and with which token.

use crate::schema::settings::Section;
use dropins_protocol::Secret;

/// `[oauth.dcr]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicRegistration {
    /// Whether the endpoint is there at all.
    pub enabled: bool,
    /// Whether a registration needs the initial access token.
    pub authentication_required: bool,
    /// The initial access token (RFC 7591 section 1.2).
    pub initial_access_token: Option<Secret>,
}

impl DynamicRegistration {
    pub(crate) fn read(settings: &Section) -> Self {
        Self {
            enabled: settings.boolean("oauth.dcr.enabled"),
            authentication_required: settings.boolean("oauth.dcr.authentication_required"),
            initial_access_token: settings.secret("oauth.dcr.initial_access_token"),
        }
    }

    /// Whether a client can be registered at all.
    pub fn is_usable(&self) -> bool {
        self.enabled && (!self.authentication_required || self.initial_access_token.is_some())
    }

    /// Whether a client can register without a token.
    pub fn is_open(&self) -> bool {
        self.enabled && !self.authentication_required
    }
}
