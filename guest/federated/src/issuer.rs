//! What the tokens of an issuer must satisfy. The host says it with the registration, among the settings of the client.
//!
//! Settings that are absent have the strict defaults; one that cannot be read fails the request closed.

use std::time::Duration;

use dropins_plugin::Registration;
use dropins_plugin::property::{boolean, number, one_of};

/// The names of the settings. No property of a listener has a dot.
const KIND: &str = "issuer.kind";
const MAX_LIFETIME: &str = "issuer.max_lifetime";
const ALLOW_REUSE: &str = "issuer.allow_reuse";

/// The longest lifetime, in seconds.
const LONGEST: u64 = 24 * 3600;

/// What an issuer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerKind {
    /// A provider of OpenID Connect, or of tokens like its own.
    Oidc,
    /// A SPIFFE trust domain.
    Spiffe,
}

/// What the tokens of an issuer must satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuerSettings {
    /// What the issuer is.
    pub kind: IssuerKind,
    /// The longest lifetime of its tokens.
    pub max_lifetime: Duration,
    /// Whether its tokens may be used more than once.
    pub allow_reuse: bool,
}

impl IssuerSettings {
    /// Reads the settings of a registration that was found by issuer and subject.
    ///
    /// # Errors
    /// The name of the setting that cannot be read.
    pub fn of(registration: &Registration) -> Result<Self, &'static str> {
        let setting = |name: &str| {
            let found = registration.settings.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let kind =
            setting(KIND).map(|value| one_of(value, [("oidc", IssuerKind::Oidc), ("spiffe", IssuerKind::Spiffe)]));
        let lifetime = setting(MAX_LIFETIME).map(|value| number(value, 1..=LONGEST));
        let reuse = setting(ALLOW_REUSE).map(boolean);
        Ok(Self {
            kind: kind.unwrap_or(Some(IssuerKind::Oidc)).ok_or(KIND)?,
            max_lifetime: Duration::from_secs(lifetime.unwrap_or(Some(3600)).ok_or(MAX_LIFETIME)?),
            allow_reuse: reuse.unwrap_or(Some(false)).ok_or(ALLOW_REUSE)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(settings: &[(&str, &str)]) -> Result<IssuerSettings, &'static str> {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        IssuerSettings::of(&Registration { settings, ..Registration::default() })
    }

    #[test]
    fn absent_settings_are_strict_and_present_ones_are_read() {
        let strict =
            IssuerSettings { kind: IssuerKind::Oidc, max_lifetime: Duration::from_secs(3600), allow_reuse: false };
        assert_eq!(of(&[("PreventTokenReuse", "false")]), Ok(strict));
        let read = of(&[("issuer.kind", "spiffe"), ("issuer.max_lifetime", "86400"), ("issuer.allow_reuse", "true")]);
        let loose =
            IssuerSettings { kind: IssuerKind::Spiffe, max_lifetime: Duration::from_secs(86_400), allow_reuse: true };
        assert_eq!(read, Ok(loose));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (name, value) in [
            ("issuer.kind", "saml"),
            ("issuer.max_lifetime", "0"),
            ("issuer.max_lifetime", "86401"),
            ("issuer.max_lifetime", "1h"),
            ("issuer.allow_reuse", ""),
        ] {
            assert_eq!(of(&[(name, value)]), Err(name), "{value}");
        }
    }
}
