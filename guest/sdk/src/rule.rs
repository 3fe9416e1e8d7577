//! The rules of a plug-in as one table: code, OAuth error, text, source and fix, in the order of application.
//!
//! A reason code is stable: logs, tests and tools rely on it. `invalid_request` says that the request is malformed,
//! `invalid_client` that the credential is wrong.

/// The OAuth error of a broken rule (RFC 6749 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthError {
    /// The request is malformed.
    InvalidRequest,
    /// The credential is wrong.
    InvalidClient,
}

impl OAuthError {
    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
        }
    }
}

/// What is known about one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The stable reason code of a broken rule.
    pub code: &'static str,
    /// The OAuth error of a broken rule.
    pub error: OAuthError,
    /// The rule in a few words.
    pub text: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// How to fix a broken rule.
    pub fix: &'static str,
}

/// The rules of a plug-in; the order is that of application. [`rules!`](crate::rules) implements it.
pub trait Reason: Copy + Ord + std::fmt::Debug + 'static {
    /// Every rule, in the order of application.
    const ALL: &'static [Self];

    /// The rule.
    fn rule(self) -> &'static Rule;

    /// The stable reason code.
    fn code(self) -> &'static str {
        self.rule().code
    }
}

/// Declares the enum `Reason` of a plug-in's rules and the types made of it, one entry a rule:
/// `Variant "reason-code" InvalidClient "The rule." "its source" "How to fix it.";`
///
/// An entry that is only a name, `Expired;`, is the [`AssertionRule`](crate::assertion::AssertionRule) of that name.
#[macro_export]
macro_rules! rules {
    (@text $variant:ident $text:literal) => { $text };
    (@text $variant:ident) => { concat!("The rule [`", stringify!($variant), "`](dropins_plugin::assertion).") };
    (@rule $variant:ident $code:literal $error:ident $text:literal $source:literal $fix:literal) => {
        &$crate::Rule {
            code: $code,
            error: $crate::OAuthError::$error,
            text: $text,
            source: $source,
            fix: $fix,
        }
    };
    (@rule $variant:ident) => { $crate::Reason::rule($crate::assertion::AssertionRule::$variant) };
    ($($variant:ident $($code:literal $error:ident $text:literal $source:literal $fix:literal)?;)*) => {
        /// Why a request was rejected: the rule that it broke. The order is that of application.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason {
            $(#[doc = $crate::rules!(@text $variant $($text)?)] $variant,)*
        }

        /// A broken rule of this plug-in.
        pub type Rejection = $crate::Rejection<Reason>;

        /// Why this plug-in did not authenticate a request.
        pub type Refusal = $crate::Refusal<Reason>;

        /// What became of each rule of this plug-in.
        pub type Report = $crate::Report<Reason>;

        impl $crate::Reason for Reason {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn rule(self) -> &'static $crate::Rule {
                match self {
                    $(Self::$variant => $crate::rules!(@rule $variant $($code $error $text $source $fix)?),)*
                }
            }
        }
    };
}
