//! What a proxy holds back of a request. Judging the rest would judge another request than the one that is forwarded.

use axum::http::{HeaderMap, Method, header};
use dropins_protocol::OAuthError;

/// Envoy's mark of a body that it cut.
const PARTIAL: &str = "x-envoy-auth-partial-body";

/// What did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortfall {
    /// The body.
    NoBody,
    /// The end of the body.
    CutBody,
    /// The type of the body.
    NoContentType,
    /// Method or path of the request.
    NoTarget,
}

impl Shortfall {
    /// What is missing of a request that has a body.
    pub(super) fn of(method: &Method, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
        let is_partial = headers.get_all(PARTIAL).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"false"));
        if is_partial || (!body.is_empty() && length.is_some_and(|length| length != body.len() as u64)) {
            return Some(Self::CutBody);
        }
        if *method != Method::POST {
            return None;
        }
        if body.is_empty() {
            return Some(Self::NoBody);
        }
        (!headers.contains_key(header::CONTENT_TYPE)).then_some(Self::NoContentType)
    }

    /// What the client is told; the log names the setting.
    pub(super) fn error(self) -> OAuthError {
        OAuthError::invalid_request(match self {
            Self::NoBody => "The body is missing",
            Self::CutBody => "The body is incomplete",
            Self::NoContentType => "The Content-Type must be application/x-www-form-urlencoded",
            Self::NoTarget => "The request has no method or path",
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn of(method: &Method, lines: &[(&'static str, &str)], body: &str) -> Option<Shortfall> {
        let headers =
            lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        Shortfall::of(method, &headers, body.as_bytes())
    }

    #[test]
    fn a_body_arrives_whole_or_not_at_all() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        assert_eq!(of(&Method::POST, &[form, ("content-length", "3")], "a=b"), None);
        assert_eq!(of(&Method::POST, &[form], "a=b"), None);
        assert_eq!(of(&Method::POST, &[form, (PARTIAL, "false")], "a=b"), None);
        for (lines, body, short) in [
            (vec![form, (PARTIAL, "true")], "a=b", Shortfall::CutBody),
            (vec![form, (PARTIAL, "TRUE")], "a=b", Shortfall::CutBody),
            (vec![form, ("content-length", "4")], "a=b", Shortfall::CutBody),
            (vec![form, ("content-length", "2")], "a=b", Shortfall::CutBody),
            (vec![form, ("content-length", "4")], "", Shortfall::NoBody),
            (vec![form], "", Shortfall::NoBody),
            (vec![("content-length", "3")], "a=b", Shortfall::NoContentType),
        ] {
            assert_eq!(of(&Method::POST, &lines, body), Some(short), "{lines:?} {body}");
        }
        assert_eq!(of(&Method::GET, &[], ""), None, "the method says enough");
    }
}
