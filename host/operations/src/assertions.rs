//! An assertion is judged rule by rule, as if it were posted to the token endpoint now. It is not consumed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use dropins_config::JudgedEndpoint;
use dropins_host::{Decision, Request, Verdict};
use dropins_live::{Live, advice};
use dropins_protocol::names::{JWT_BEARER, JWT_SPIFFE};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

/// What a home says about an assertion.
pub struct Judged {
    /// The decision, with every rule if a plug-in applied them.
    pub decision: Decision,
    /// Whether a client would be authenticated.
    pub accepted: bool,
    /// The verdict in a sentence.
    pub conclusion: String,
    /// Why the client has no key at all, or no document describes it.
    pub note: Option<String>,
}

/// Judges an assertion, with the `client_id` parameter of its request if it has one.
pub fn judge<'a>(live: &'a Live, assertion: &'a str, client_id: Option<&'a str>) -> BoxFuture<'a, Judged> {
    Box::pin(async move {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut form =
            vec![field("client_assertion_type", type_of(assertion, live)), field("client_assertion", assertion)];
        form.extend(client_id.map(|id| field("client_id", id)));
        let (issuer, token_endpoint) = called(live);
        let (endpoint, form) = (token_endpoint.clone(), form.into());
        let request = Request { endpoint, issuer, token_endpoint, form, ..Request::default() };
        let decision = live.generation.explain(&request).await;
        let accepted = matches!(decision.verdict, Verdict::Authenticated(_));
        let conclusion = match &decision.verdict {
            Verdict::Authenticated(client) => format!("the assertion authenticates the client {}", client.id),
            Verdict::Rejected(rejection) => format!("{}: {}", rejection.reason, rejection.detail),
            Verdict::NoMethod => "no enabled plug-in reads assertions".to_owned(),
            Verdict::SeveralMethods(plugins) => format!("several plug-ins claim the request: {}", plugins.join(", ")),
            Verdict::Unavailable(part) => part.clone(),
            Verdict::Overloaded => "the server is overloaded".to_owned(),
            Verdict::Failed(kind, message) => format!("the plug-in failed ({}): {message}", kind.as_str()),
        };
        let note = match decision.evidence.client_id.as_deref().filter(|_| !accepted) {
            Some(client_id) => advice::note(live, client_id).await,
            None => None,
        };
        Judged { decision, accepted, conclusion, note }
    })
}

/// The type under which a client sends it. A SPIFFE JWT-SVID has one of its own: its subject is a SPIFFE ID, and its `iss`
/// is no trusted issuer.
fn type_of(assertion: &str, live: &Live) -> &'static str {
    let part = assertion.split('.').nth(1).unwrap_or_default();
    let claims: Map<String, Value> =
        URL_SAFE_NO_PAD.decode(part).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_svid = text("sub").is_some_and(|subject| subject.starts_with("spiffe://"))
        && text("iss").is_none_or(|issuer| Some(issuer) != text("sub") && !live.clients.issuers().holds(issuer));
    if is_svid { JWT_SPIFFE } else { JWT_BEARER }
}

/// Issuer and token endpoint that an assertion for this home names.
fn called(live: &Live) -> (String, String) {
    let endpoints = &live.endpoints;
    let upstream = live.deployment.upstream().and_then(|upstream| {
        let path = upstream.judged.path(JudgedEndpoint::Token)?;
        Some((upstream.issuer.as_str().to_owned(), upstream.issuer.endpoint(path)))
    });
    upstream.unwrap_or_else(|| (endpoints.issuer.clone(), endpoints.token.clone()))
}
