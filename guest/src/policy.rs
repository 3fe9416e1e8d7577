//! The policy of a listener entry: what an assertion must satisfy, as typed values.
//!
//! A policy exists only for valid properties; its defaults are those of the documentation. Times are
//! milliseconds.

use dropins_plugin::assertion::{AlgorithmSet, Memory, TimeLimits};

/// Which audiences are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudienceMode {
    /// Every audience must be one of ours; an assertion typed as client authentication is held to [`Self::Strict`].
    Auto,
    /// The issuer as the only audience (draft-ietf-oauth-rfc7523bis section 4).
    Strict,
    /// Any one audience must be one of ours (RFC 7523 section 3).
    Legacy,
}

/// A security profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// None.
    None,
    /// FAPI 2.0 Security Profile.
    Fapi2,
    /// SMART App Launch, asymmetric client authentication.
    Smart,
    /// FAPI of Open Finance Brasil.
    Obbr,
}

impl Profile {
    /// The name as a value of the property.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fapi2 => "fapi2",
            Self::Smart => "smart",
            Self::Obbr => "obbr",
        }
    }

    /// The algorithms that it allows.
    pub const fn algorithms(self) -> AlgorithmSet {
        match self {
            Self::None => AlgorithmSet::ALL,
            Self::Fapi2 => AlgorithmSet::FAPI2,
            Self::Smart => AlgorithmSet::SMART,
            Self::Obbr => AlgorithmSet::OBBR,
        }
    }
}

/// What happens to an assertion whose `iss` differs from its `sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignIssuers {
    /// This plug-in claims and rejects it.
    Refuse,
    /// This plug-in leaves it to another one.
    Leave,
}

/// Whether audiences are reported that [`AudienceMode::Strict`] would reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudienceReport {
    /// No.
    None,
    /// Yes, with every authenticated client.
    Strict,
}

/// What the validity of a registered certificate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateValidity {
    /// Outside of it the key is rejected.
    Enforce,
    /// Outside of it the key is accepted with a warning in the log.
    Warn,
    /// It is ignored.
    Ignore,
}

/// Where signatures are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// By the host's native verifier.
    Host,
    /// By jwt-simple inside the component.
    Guest,
}

/// What an assertion must satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether a `jti` is accepted once per client.
    pub prevent_token_reuse: bool,
    /// The largest age of an assertion by `iat`, in milliseconds; 0 turns the rule off.
    pub reject_before: u64,
    /// Further accepted audiences.
    pub aliases: Vec<String>,
    /// Whether a cache may answer that a `jti` was seen.
    pub cache_jti: bool,
    /// For how many seconds the client may repeat a request that ended in a server error; 0 is never.
    pub retry_window: u32,
    /// Which audiences are accepted.
    pub audience_mode: AudienceMode,
    /// Whether audiences are reported that the strict mode would reject.
    pub audience_report: AudienceReport,
    /// What happens to assertions of other issuers.
    pub foreign_issuers: ForeignIssuers,
    /// The security profile.
    pub profile: Profile,
    /// Leniency for clocks that differ, in milliseconds.
    pub clock_skew: u64,
    /// The configured limit of `exp` ahead of now, in milliseconds; see [`Policy::longest_lifetime`].
    pub max_lifetime: u64,
    /// The allow-list as configured; see [`Policy::algorithms`].
    pub allowed_algorithms: AlgorithmSet,
    /// Whether `jti` must be present as configured; see [`Policy::requires_jti`].
    pub require_jti: bool,
    /// What the validity of a registered certificate means.
    pub certificate_validity: CertificateValidity,
    /// Where signatures are verified.
    pub verification: Verification,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            prevent_token_reuse: true,
            reject_before: 300 * 60_000,
            aliases: Vec::new(),
            cache_jti: true,
            retry_window: 0,
            audience_mode: AudienceMode::Auto,
            audience_report: AudienceReport::None,
            foreign_issuers: ForeignIssuers::Refuse,
            profile: Profile::None,
            clock_skew: 30_000,
            max_lifetime: 60 * 60_000,
            allowed_algorithms: AlgorithmSet::DEFAULT,
            require_jti: true,
            certificate_validity: CertificateValidity::Enforce,
            verification: Verification::Host,
        }
    }
}

impl Policy {
    /// The accepted algorithms: allowed, within the profile, and verifiable.
    pub fn algorithms(&self) -> AlgorithmSet {
        let verifiable = if self.verification == Verification::Guest { AlgorithmSet::GUEST } else { AlgorithmSet::ALL };
        self.allowed_algorithms.intersection(self.profile.algorithms()).intersection(verifiable)
    }

    /// How far ahead of now `nbf` and `iat` may be, in milliseconds.
    ///
    /// FAPI 2.0 Security Profile section 5.3.2.1 asks for at least 10 s and refuses more than 60 s.
    pub fn leniency_ahead(&self) -> u64 {
        match self.profile {
            Profile::Fapi2 => self.clock_skew.clamp(10_000, 60_000),
            Profile::None | Profile::Smart | Profile::Obbr => self.clock_skew,
        }
    }

    /// What the times of an assertion must satisfy.
    pub fn time_limits(&self) -> TimeLimits {
        TimeLimits {
            clock_skew: self.clock_skew,
            leniency_ahead: self.leniency_ahead(),
            longest_lifetime: self.longest_lifetime(),
            since_issue: false,
            reject_before: self.reject_before,
        }
    }

    /// How the host remembers a `jti`.
    pub fn memory(&self) -> Memory {
        Memory { cached: self.cache_jti, retry_window: self.retry_window }
    }

    /// How far ahead of now `exp` may be, in milliseconds; SMART App Launch allows five minutes.
    pub fn longest_lifetime(&self) -> u64 {
        if self.profile == Profile::Smart { self.max_lifetime.min(5 * 60_000) } else { self.max_lifetime }
    }

    /// Whether `jti` must be present; SMART App Launch always requires it.
    pub fn requires_jti(&self) -> bool {
        self.require_jti || self.profile == Profile::Smart
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_plugin::assertion::Algorithm;

    #[test]
    fn profiles_and_guest_verification_narrow_the_algorithms() {
        for (profile, algorithms) in [
            (Profile::Fapi2, "PS256, ES256, EdDSA, Ed25519"),
            (Profile::Smart, "RS384, ES384"),
            (Profile::Obbr, "PS256"),
        ] {
            let policy = Policy { profile, ..Policy::default() };
            assert_eq!(policy.algorithms().to_string(), algorithms);
        }
        let guest = Policy { verification: Verification::Guest, ..Policy::default() };
        assert!(!guest.algorithms().contains(Algorithm::ES512) && guest.algorithms().contains(Algorithm::ES384));
        assert_eq!(Policy::default().algorithms(), AlgorithmSet::DEFAULT);
        let named = Policy { allowed_algorithms: AlgorithmSet::ALL, ..guest };
        assert!(named.algorithms().contains(Algorithm::MLDSA65), "by name, in the component too");
    }

    #[test]
    fn fapi2_keeps_the_leniency_between_ten_and_sixty_seconds() {
        for (skew, leniency) in [(0, 10_000), (30_000, 30_000), (300_000, 60_000)] {
            let policy = Policy { profile: Profile::Fapi2, clock_skew: skew, ..Policy::default() };
            assert_eq!(policy.leniency_ahead(), leniency);
            assert_eq!(Policy { profile: Profile::None, ..policy }.leniency_ahead(), skew);
        }
    }
}
