//! The request as far as this plug-in sees it.
//!
//! An empty parameter counts as absent (RFC 6749 section 3.1). A request is of this plug-in's kind when it carries a
//! client secret or an `Authorization` header of the scheme Basic; `client_id` alone or another scheme is not.

/// One request.
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// Form parameters in the order of the wire.
    pub form: Vec<(&'a str, &'a str)>,
    /// Headers in the order of the wire, names in lower case.
    pub headers: Vec<(&'a str, &'a str)>,
}

impl<'a> Request<'a> {
    /// The value of a parameter; an empty one counts as absent.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.form.iter().find(|(parameter, value)| *parameter == name && !value.is_empty()).map(|(_, value)| *value)
    }

    /// Whether a parameter occurs more than once.
    pub fn is_repeated(&self, name: &str) -> bool {
        self.form.iter().filter(|(parameter, _)| *parameter == name).count() > 1
    }

    /// The `Authorization` headers, of whatever scheme.
    pub fn authorizations(&self) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(|(name, _)| *name == "authorization").map(|(_, value)| *value)
    }

    /// Whether the request carries a credential of this plug-in's kind, well-formed or not.
    pub fn is_engaged(&self) -> bool {
        self.parameter("client_secret").is_some() || self.authorizations().any(|value| basic(value).is_some())
    }
}

/// What follows the scheme Basic, compared without regard to case (RFC 9110 section 11.1); `None` for another scheme.
pub(crate) fn basic(authorization: &str) -> Option<&str> {
    let authorization = authorization.trim_matches([' ', '\t']);
    let (scheme, token) = authorization.split_once([' ', '\t']).unwrap_or((authorization, ""));
    scheme.eq_ignore_ascii_case("basic").then(|| token.trim_start_matches([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_or_the_scheme_basic_engages() {
        let form = |form: &[(&'static str, &'static str)]| Request { form: form.to_vec(), ..Request::default() };
        let header = |value| Request { headers: vec![("authorization", value)], ..Request::default() };
        for request in [form(&[("client_secret", "s")]), header("Basic eA"), header("bAsIc  eA"), header("Basic")] {
            assert!(request.is_engaged(), "{request:?}");
        }
        for request in [
            form(&[]),
            form(&[("client_id", "c")]),
            form(&[("client_id", "c"), ("client_secret", "")]),
            header("Bearer eA"),
            header("Basically eA"),
            header("DPoP Basic"),
            header(""),
        ] {
            assert!(!request.is_engaged(), "{request:?}");
        }
    }
}
