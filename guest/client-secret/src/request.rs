//! Which requests are of this plug-in's kind.
//!
//! A request is when it carries a
//! client secret or an `Authorization` header of the scheme Basic; `client_id` alone or another scheme is not.

use dropins_plugin::Request;

/// The `Authorization` headers, of whatever scheme.
pub(crate) fn authorizations<'a>(request: &Request<'a>) -> impl Iterator<Item = &'a str> {
    request.header_values("authorization")
}

/// Whether the request carries a credential of this plug-in's kind, well-formed or not.
pub(crate) fn is_engaged(request: &Request<'_>) -> bool {
    request.parameter("client_secret").is_some() || authorizations(request).any(|value| basic(value).is_some())
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
            assert!(is_engaged(&request), "{request:?}");
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
            assert!(!is_engaged(&request), "{request:?}");
        }
    }
}
