//! The core of every plug-in that judges signed assertions: parameters, compact JWS, header, claims, audience, times.
//!
//! The rules are those of RFC 7515, 7519, 7521 and 7523, with their reason codes in [`AssertionRule`]. A plug-in lists
//! them in its own table and applies them in its own order; [`assertion_reasons!`](crate::assertion_reasons) connects
//! both. Nothing here holds a key or knows a client.
//!
//! ```
//! use dropins_plugin::assertion::{Assertion, Compact};
//!
//! #[allow(unreachable_pub, dead_code, missing_docs, reason = "the macro declares what a plug-in exports")]
//! mod rules {
//!     dropins_plugin::rules! {
//!         // Without texts: the shared rule.
//!         RepeatedParameter; AssertionMissing; AssertionTypeMissing; AssertionTypeWrong;
//!         AssertionTooLarge; NotCompact; EncodingInvalid;
//!         HeaderTooDeep; HeaderMalformed; HeaderDuplicate; ClaimsTooDeep; ClaimsMalformed; ClaimsDuplicate;
//!         HeaderMemberType; AlgorithmMissing; AlgorithmUnknown; SignatureMissing; HeaderExtension; TokenTypeWrong;
//!         AlgorithmNotAllowed; AlgorithmNotRegistered;
//!         // With texts: a rule of this plug-in, or its own words for a shared one.
//!         DeviceUnknown "device-unknown" InvalidClient "The device is enrolled." "our handbook" "Enrol the device.";
//!         AudienceInvalid; AudienceMismatch;
//!         ExpiryMissing; TimeInvalid; TimeInMilliseconds; Expired; LifetimeTooLong; NotYetValid;
//!         NotBeforeAfterExpiry; IssuedInFuture; IssuedAfterExpiry; TooOld; JtiMissing; JtiInvalid; Replayed;
//!     }
//!     dropins_plugin::assertion_reasons!(Reason);
//! }
//! use rules::{Reason, Report};
//!
//! // {"alg":"ES256"} and {"sub":"pump-7"}, with a signature of one byte
//! let mut report = Report::off();
//! let compact = Compact::decode("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJwdW1wLTcifQ.AA", &mut report).unwrap();
//! let assertion = Assertion::parse(&compact, &["JWT"], &mut report).unwrap();
//! assert_eq!(assertion.header.algorithm.name(), "ES256");
//! assert_eq!(assertion.claims.text("sub", Reason::DeviceUnknown, &mut report).unwrap(), "pump-7");
//!
//! let rejection = Compact::decode("a.b", &mut report).unwrap_err();
//! assert_eq!(rejection.reason, Reason::NotCompact);
//! ```

mod algorithm;
mod audience;
mod claims;
mod compact;
mod header;
mod lifetime;
mod numeric_date;
mod parameters;
mod received;
mod replacement;
mod rule;

pub use algorithm::{Algorithm, AlgorithmSet};
pub use audience::{Audience, Demand};
pub use claims::{Claims, LONGEST_JTI};
pub use compact::{Assertion, Compact, MAX_LENGTH, Names};
pub use header::Header;
pub use lifetime::{Lifetime, Memory, TimeLimits};
pub use numeric_date::{Instant, NumericDate};
pub use parameters::{JWT_BEARER, JWT_SPIFFE, read_assertion};
pub use received::Received;
pub use replacement::replacements;
pub use rule::{AssertionReason, AssertionRule};
