//! An `application/x-www-form-urlencoded` body, read strictly.
//!
//! Invalid percent-encoding or UTF-8, a repeated parameter and too many fields are rejected before a value is used: an
//! endpoint that takes credentials must not forgive as browsers do.

use std::sync::Arc;

/// More fields than any grant has.
const MAX_FIELDS: usize = 100;

/// Parameters that may be repeated (RFC 8707 section 2, RFC 8693 section 2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// Decoded parameters in the order of the wire.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Form(Arc<[(String, String)]>);

/// The names only: a value may be a secret.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Why a body is rejected; the text is fit for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the body is not valid application/x-www-form-urlencoded data in UTF-8")]
    Encoding,
    /// A parameter occurs twice (RFC 6749 section 3.2).
    #[error("the parameter {0} is repeated")]
    Repeated(String),
    /// Too many fields.
    #[error("the body has more than {MAX_FIELDS} parameters")]
    TooMany,
}

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// [`FormError`] says what is malformed.
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == MAX_FIELDS {
                return Err(FormError::TooMany);
            }
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            if !REPEATABLE.contains(&name.as_str()) && fields.iter().any(|(other, _)| *other == name) {
                return Err(FormError::Repeated(name.chars().filter(char::is_ascii_graphic).take(64).collect()));
            }
            fields.push((name, value));
        }
        Ok(Self(fields.into()))
    }

    /// The value of a parameter; an empty one counts as absent (RFC 6749 section 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, value)| n == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// All parameters.
    pub fn fields(&self) -> &[(String, String)] {
        &self.0
    }

    /// All parameters, shared: an assertion is long.
    pub fn shared(&self) -> Arc<[(String, String)]> {
        Arc::clone(&self.0)
    }
}

/// Decodes one name or value.
///
/// # Errors
/// [`FormError::Encoding`].
pub fn decode(text: &[u8]) -> Result<String, FormError> {
    // Most values, an assertion above all, have nothing to decode.
    let plain = text.iter().position(|byte| matches!(byte, b'+' | b'%')).unwrap_or(text.len());
    let (plain, encoded) = text.split_at_checked(plain).unwrap_or_default();
    let mut bytes = Vec::with_capacity(text.len());
    bytes.extend_from_slice(plain);
    let mut rest = encoded.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next())? << 4 | hex(rest.next())?,
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| FormError::Encoding)
}

fn hex(digit: Option<&u8>) -> Result<u8, FormError> {
    let digit = digit.and_then(|&digit| char::from(digit).to_digit(16)).ok_or(FormError::Encoding)?;
    u8::try_from(digit).map_err(|_| FormError::Encoding)
}

/// Whether a media type is that of a form, whatever its parameters (RFC 9110 section 8.3.1).
pub fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_decoded_in_order() {
        let form = Form::parse(b"grant_type=client_credentials&scope=a+b%20c&&empty=&flag").unwrap();
        assert_eq!(form.get("scope"), Some("a b c"));
        assert_eq!(form.get("empty"), None, "an empty parameter counts as absent");
        let names: Vec<_> = form.fields().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["grant_type", "scope", "empty", "flag"]);
    }

    #[test]
    fn values_are_not_printed() {
        let form = Form::parse(b"code=s3cret&code_verifier=s3cret").unwrap();
        assert_eq!(format!("{form:?}"), r#"["code", "code_verifier"]"#);
    }

    #[test]
    fn a_repeated_parameter_is_rejected_even_when_it_is_empty_or_encoded() {
        for body in ["a=1&a=2", "a=&a=2", "a=1&%61=2"] {
            assert_eq!(Form::parse(body.as_bytes()), Err(FormError::Repeated("a".to_owned())), "{body}");
        }
        assert!(Form::parse(b"resource=a&resource=b&audience=c&audience=d").is_ok());
    }

    #[test]
    fn broken_encoding_is_rejected() {
        for body in [&b"a=%"[..], b"a=%4", b"a=%zz", b"%=1", b"a=%ff", b"a=\xff", b"a=%+1"] {
            assert_eq!(Form::parse(body), Err(FormError::Encoding), "{body:?}");
        }
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let body = |count: usize| (0..count).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
        assert!(Form::parse(body(100).as_bytes()).is_ok());
        assert_eq!(Form::parse(body(101).as_bytes()), Err(FormError::TooMany));
    }

    #[test]
    fn any_charset_parameter_is_tolerated_and_other_types_are_not() {
        for good in [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded;charset=UTF-8",
            "Application/X-WWW-Form-Urlencoded ; Charset=\"ISO-8859-1\"",
        ] {
            assert!(is_form(good), "{good}");
        }
        for bad in ["", "application/json", "application/x-www-form-urlencodedx", "multipart/form-data; boundary=x"] {
            assert!(!is_form(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(fields in prop::collection::btree_map("[a-z]{1,8}", ".*", 0..20)) {
            let mut encoder = form_urlencoded::Serializer::new(String::new());
            fields.iter().for_each(|(name, value)| { encoder.append_pair(name, value); });
            let form = Form::parse(encoder.finish().as_bytes()).unwrap();
            prop_assert_eq!(form.fields().to_vec(), fields.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::parse(&body);
        }
    }
}
