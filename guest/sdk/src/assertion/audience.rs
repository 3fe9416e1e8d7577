//! The audience: whether the assertion is meant for this server.
//!
//! Audiences are compared as exact strings with configured URLs, never with anything taken from the request, so that
//! an assertion made for another server cannot be forwarded to this one (draft-ietf-oauth-rfc7523bis).

use std::fmt;

use dropins_strict_json::Value;

use super::claims::Claims;
use super::received::Received;
use super::rule::{AssertionReason, AssertionRule};
use crate::rejection::Rejection;
use crate::report::Report;
use crate::request::Request;
use crate::shown::Shown;

/// Which audiences are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// The issuer as a JSON string (FAPI 2.0 Security Profile section 5.3.2.1).
    IssuerAsString,
    /// The issuer and nothing else, as a string or an array of one.
    IssuerOnly,
    /// Nothing but names of this server.
    Every,
    /// At least one name of this server.
    Any,
}

/// The names of this server, and what is demanded of `aud`.
#[derive(Debug, Clone, Copy)]
pub struct Audience<'a> {
    /// What is demanded.
    pub demand: Demand,
    /// The request: issuer, token endpoint and the endpoint that was called are names.
    pub request: &'a Request<'a>,
    /// Further names.
    pub aliases: &'a [String],
}

impl Audience<'_> {
    /// Whether a claim satisfies the demand.
    pub fn holds(&self, claim: Option<&Value<'_>>) -> bool {
        let Request { issuer, token_endpoint, endpoint, .. } = *self.request;
        let is_issuer = |audience: &str| audience == issuer;
        let ours = |audience: &str| {
            [issuer, token_endpoint, endpoint].contains(&audience) || self.aliases.iter().any(|alias| alias == audience)
        };
        let (one, many) = match claim {
            Some(Value::Text(text)) => (Some(text.as_ref()), &[][..]),
            Some(Value::List(values)) => (None, values.as_slice()),
            _ => (None, &[][..]),
        };
        let mut audiences = one.into_iter().chain(many.iter().filter_map(Value::text));
        match self.demand {
            Demand::IssuerAsString => one.is_some_and(is_issuer),
            Demand::IssuerOnly => audiences.next().is_some_and(is_issuer) && audiences.next().is_none(),
            Demand::Every => audiences.all(ours),
            Demand::Any => audiences.any(ours),
        }
    }

    /// Applies the rules of `aud`; the note follows what was received.
    ///
    /// # Errors
    /// [`Rejection`] if the claim is not a string or a non-empty array of strings, or names another server.
    pub fn check<R: AssertionReason>(
        &self,
        claims: &Claims<'_>,
        note: &str,
        report: &mut Report<R>,
    ) -> Result<(), Rejection<R>> {
        let claim = claims.get("aud");
        report.check(
            AssertionRule::AudienceInvalid.into(),
            match claim {
                Some(Value::Text(_)) => true,
                Some(Value::List(values)) => !values.is_empty() && values.iter().all(|value| value.text().is_some()),
                _ => false,
            },
            format_args!("a string or a non-empty array of strings"),
            format_args!("{}", Received(claim)),
        )?;
        report.check(
            AssertionRule::AudienceMismatch.into(),
            self.holds(claim),
            format_args!("{self}"),
            format_args!("{}{note}", Received(claim)),
        )
    }
}

/// Says what is demanded.
impl fmt::Display for Audience<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { issuer, token_endpoint, endpoint, .. } = *self.request;
        match self.demand {
            Demand::IssuerAsString => return write!(f, "{} as a string, not in an array", Shown(issuer)),
            Demand::IssuerOnly => return write!(f, "{} and nothing else", Shown(issuer)),
            Demand::Every => f.write_str("only values of")?,
            Demand::Any => f.write_str("at least one of")?,
        }
        write!(f, " {}, {}", Shown(issuer), Shown(token_endpoint))?;
        if endpoint != token_endpoint {
            write!(f, ", {}", Shown(endpoint))?;
        }
        self.aliases.iter().try_for_each(|alias| write!(f, ", {}", Shown(alias)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ISSUER: &str = "https://server.example";
    const TOKEN: &str = "https://server.example/oauth2/token";

    fn holds(demand: Demand, json: &str) -> bool {
        let request = Request { issuer: ISSUER, token_endpoint: TOKEN, endpoint: TOKEN, ..Request::default() };
        let aliases = ["alias".to_owned()];
        let claim = dropins_strict_json::parse(json.as_bytes()).unwrap();
        Audience { demand, request: &request, aliases: &aliases }.holds(Some(&claim))
    }

    proptest! {
        #[test]
        fn each_demand_is_what_it_says(names in prop::collection::vec("issuer|token|alias|other", 1..4), bare in any::<bool>()) {
            let spelled = |name: &String| match name.as_str() {
                "issuer" => ISSUER,
                "token" => TOKEN,
                "alias" => "alias",
                _ => "https://server.example/",
            };
            let audiences: Vec<_> = names.iter().map(spelled).collect();
            let bare = bare && audiences.len() == 1;
            let json = if bare { format!("{:?}", audiences[0]) } else { format!("{audiences:?}") };
            let ours = |name: &String| name != "other";
            let only_issuer = names == ["issuer"];
            prop_assert_eq!(holds(Demand::IssuerAsString, &json), only_issuer && bare);
            prop_assert_eq!(holds(Demand::IssuerOnly, &json), only_issuer);
            prop_assert_eq!(holds(Demand::Every, &json), names.iter().all(ours));
            prop_assert_eq!(holds(Demand::Any, &json), names.iter().any(ours));
        }
    }
}
