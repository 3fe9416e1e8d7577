//! The assertion: a compact JWS (RFC 7515 section 7.1), decoded, then parsed.
//!
//! [`Compact`] holds the decoded bytes, [`Assertion`] what they say. Both exist only for well-formed input: three parts
//! of canonical base64url, at most 16 KiB, strict JSON, a supported header. The signature is not verified here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_strict_json::{Flaw, Object, Value};

use super::claims::Claims;
use super::header::Header;
use super::rule::{AssertionReason, AssertionRule};
use crate::rejection::Rejection;
use crate::report::Report;
use crate::services::{KeyDescription, PublicKey, Unsupported};

/// The largest assertion, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// A compact JWS, its parts decoded.
#[derive(Debug)]
pub struct Compact<'a> {
    /// What is signed: the first two parts and the dot between them.
    signing_input: &'a str,
    header: Vec<u8>,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Decodes the three parts.
    ///
    /// # Errors
    /// [`Rejection`] when it is too large, has not three parts, or a part is not canonical base64url.
    pub fn decode<R: AssertionReason>(token: &'a str, report: &mut Report<R>) -> Result<Self, Rejection<R>> {
        report.check(
            AssertionRule::AssertionTooLarge.into(),
            token.len() <= MAX_LENGTH,
            format_args!("at most {MAX_LENGTH} bytes"),
            format_args!("{} bytes", token.len()),
        )?;
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            let received = token.split('.').count();
            let (expected, received) = (format_args!("3 parts"), format_args!("{received}"));
            return Err(Rejection::new(AssertionRule::NotCompact.into(), expected, received));
        };
        report.passed(AssertionRule::NotCompact.into(), format_args!("3 parts"), format_args!("3"));
        let signing_input = token.get(..header.len() + 1 + claims.len()).unwrap_or_default();
        let decode = |part: &str, name| {
            URL_SAFE_NO_PAD.decode(part).map_err(|error| {
                let expected = format_args!("canonical base64url without padding");
                Rejection::new(AssertionRule::EncodingInvalid.into(), expected, format_args!("{name}: {error}"))
            })
        };
        let (header, claims) = (decode(header, "header")?, decode(claims, "claims")?);
        Ok(Self { signing_input, header, claims, signature: decode(signature, "signature")? })
    }

    /// Whom the claims name, as far as they can be read.
    pub fn names(&self) -> Names {
        let claims = Object::parse(&self.claims).unwrap_or_default();
        let text = |name| claims.get(name).and_then(Value::text).map(str::to_owned);
        Names { issuer: text("iss"), subject: text("sub") }
    }
}

/// Whom an assertion names, before anything is proven; a claim counts only as a string.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// `iss`
    pub issuer: Option<String>,
    /// `sub`
    pub subject: Option<String>,
}

impl Names {
    /// The names in a token; none if it cannot be decoded.
    pub fn of(token: &str) -> Self {
        let compact = Compact::decode(token, &mut Report::<AssertionRule>::off());
        compact.map(|compact| compact.names()).unwrap_or_default()
    }

    /// Whether an issuer other than the subject is named: another party made the assertion for the client.
    pub fn is_foreign(&self) -> bool {
        self.issuer.as_ref().zip(self.subject.as_ref()).is_some_and(|(issuer, subject)| issuer != subject)
    }
}

/// A well-formed assertion of an algorithm that is supported; nothing in it is proven.
#[derive(Debug)]
pub struct Assertion<'a> {
    /// The JOSE header.
    pub header: Header<'a>,
    /// The claims.
    pub claims: Claims<'a>,
    /// What is signed.
    pub signing_input: &'a str,
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> Assertion<'a> {
    /// Parses header and claims, and applies the rules of the header that need no client; `types` are the values of
    /// `typ` that are accepted beside its absence, without `application/`.
    ///
    /// # Errors
    /// [`Rejection`] when one is not strict JSON, or the header breaks a rule.
    pub fn parse<R: AssertionReason>(
        compact: &'a Compact<'a>,
        types: &[&'static str],
        report: &mut Report<R>,
    ) -> Result<Self, Rejection<R>> {
        use AssertionRule as Rule;

        let header = parse(&compact.header, [Rule::HeaderTooDeep, Rule::HeaderMalformed, Rule::HeaderDuplicate])?;
        let claims = parse(&compact.claims, [Rule::ClaimsTooDeep, Rule::ClaimsMalformed, Rule::ClaimsDuplicate])?;
        let header = Header::check(header, &compact.signature, types, report)?;
        let Compact { signing_input, signature, .. } = compact;
        Ok(Self { header, claims: Claims::new(claims), signing_input, signature })
    }

    /// Has the host verify the signature with a key.
    ///
    /// # Errors
    /// [`Unsupported`] when the algorithm does not fit the key.
    pub fn verify(&self, key: &dyn PublicKey) -> Result<bool, Unsupported> {
        key.verify(self.header.algorithm.name(), self.signing_input.as_bytes(), self.signature)
    }

    /// The facts for the audit log about the key that verified the signature.
    pub fn facts(&self, key: KeyDescription) -> Vec<(&'static str, String)> {
        let mut facts = vec![("alg", self.header.algorithm.name().to_owned())];
        facts.extend(key.kid.or_else(|| self.header.kid.as_deref().map(str::to_owned)).map(|kid| ("kid", kid)));
        facts.extend([("thumbprint", key.thumbprint), ("source", key.source)]);
        facts
    }
}

fn parse<R: AssertionReason>(
    bytes: &[u8],
    [too_deep, malformed, duplicate]: [AssertionRule; 3],
) -> Result<Object<'_>, Rejection<R>> {
    Object::parse(bytes).map_err(|error| {
        let flaw = error.flaw();
        let reason = R::from(match flaw {
            Flaw::TooDeep => too_deep,
            Flaw::Malformed => malformed,
            Flaw::Duplicate => duplicate,
        });
        Rejection::new(reason, format_args!("{}", reason.rule().text), format_args!("{flaw}"))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(token: &str) -> Result<Compact<'_>, AssertionRule> {
        Compact::decode(token, &mut Report::off()).map_err(|rejection| rejection.reason)
    }

    #[test]
    fn a_token_is_foreign_if_it_can_be_read_and_names_an_issuer_other_than_its_subject() {
        let is_foreign = |claims: &str| Names::of(&format!("e30.{}.AQ", URL_SAFE_NO_PAD.encode(claims))).is_foreign();
        assert!(is_foreign(r#"{"iss":"a","sub":"b"}"#));
        for claims in [r#"{"iss":"a","sub":"a"}"#, r#"{"iss":"a"}"#, r#"{"iss":"a","sub":5}"#, "[]", "garbage"] {
            assert!(!is_foreign(claims), "{claims}");
        }
        assert!(!Names::of("garbage").is_foreign());
    }

    #[test]
    fn the_signing_input_is_the_first_two_parts() {
        let compact = decode("e30.W10.AQI").unwrap();
        assert_eq!(compact.signing_input, "e30.W10");
        assert_eq!((&*compact.header, &*compact.claims, &*compact.signature), (&b"{}"[..], &b"[]"[..], &[1, 2][..]));
    }

    #[test]
    fn anything_but_three_parts_is_not_compact() {
        for token in ["", "e30", "e30.e30", "e30.e30.e30.e30", "e30.e30.e30.e30.e30", "...", "{\"payload\":\"\"}"] {
            assert_eq!(decode(token).unwrap_err(), AssertionRule::NotCompact, "{token}");
        }
    }

    #[test]
    fn only_canonical_base64url_is_decoded() {
        for part in ["e30=", "e3 0", "e30\n", "e31", "e3+", "e3/", "e", "é30", "e30\0"] {
            for token in [format!("{part}.e30.AQI"), format!("e30.{part}.AQI"), format!("e30.e30.{part}")] {
                assert_eq!(decode(&token).unwrap_err(), AssertionRule::EncodingInvalid, "{token:?}");
            }
        }
    }

    #[test]
    fn sixteen_kibibytes_are_accepted_and_one_byte_more_is_not() {
        let token = |length: usize| format!("e30.e30.{}", "A".repeat(length - 8));
        assert!(decode(&token(MAX_LENGTH)).is_ok());
        assert_eq!(decode(&token(MAX_LENGTH + 1)).unwrap_err(), AssertionRule::AssertionTooLarge);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(token in "[\\PC.]{0,64}") {
            if let Ok(compact) = decode(&token) {
                let _ = Assertion::parse(&compact, &["JWT"], &mut Report::<AssertionRule>::on());
            }
        }

        #[test]
        fn whatever_is_decoded_encodes_to_the_same_token(token in "[A-Za-z0-9_-]{0,9}\\.[A-Za-z0-9_-]{0,9}\\.[A-Za-z0-9_-]{0,9}") {
            if let Ok(compact) = decode(&token) {
                let parts = [&compact.header, &compact.claims, &compact.signature];
                prop_assert_eq!(parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join("."), token);
            }
        }
    }
}
