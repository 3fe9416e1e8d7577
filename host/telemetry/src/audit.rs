//! One audit event per decision, under the reference id that the client was told.
//!
//! It names client, plug-in, algorithm, key thumbprint and reason. It never holds the assertion, a secret or
//! a code: nothing of the request's body is written but what plug-ins put into their reason.

use std::net::IpAddr;

use dropins_host::{Decision, Verdict};
use tracing::field::display;

use dropins_oauth::grants::GrantRefusal;
use dropins_protocol::OAuthError;

const TARGET: &str = "dropins::audit";

/// The outcome as logs and metrics name it.
pub fn outcome(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Authenticated(_) => "authenticated",
        Verdict::Rejected(_) => "rejected",
        Verdict::NoMethod => "no-method",
        Verdict::SeveralMethods(_) => "several-methods",
        Verdict::Unavailable(_) => "unavailable",
        Verdict::Overloaded => "overloaded",
        Verdict::Failed(..) => "failed",
    }
}

/// A decision about a client that asks from this address.
pub fn decision(reference: &str, endpoint: &str, address: Option<IpAddr>, decision: &Decision) {
    let (reason, detail) = match &decision.verdict {
        Verdict::Authenticated(_) | Verdict::NoMethod | Verdict::Overloaded => ("", String::new()),
        Verdict::Rejected(rejection) => (rejection.reason.as_str(), rejection.detail.clone()),
        Verdict::SeveralMethods(plugins) => ("several-methods", plugins.join(", ")),
        Verdict::Unavailable(part) => ("unavailable", part.clone()),
        Verdict::Failed(kind, message) => (kind.as_str(), message.clone()),
    };
    let client = match &decision.verdict {
        Verdict::Authenticated(client) => Some(client.id.as_str()),
        _ => decision.evidence.client_id.as_deref(),
    };
    let method = match &decision.verdict {
        Verdict::Authenticated(client) => Some(client.method.as_str()),
        _ => None,
    };
    // Of a client that a trusted issuer vouches for.
    let vouched = |name: &str| match &decision.verdict {
        Verdict::Authenticated(client) => client.attribute(name).map(|text| text.chars().take(255).collect::<String>()),
        _ => None,
    };
    let (issuer, subject) = (vouched("iss"), vouched("sub"));
    let digest = decision.plugin.as_ref().map(|plugin| plugin.digest.to_string());
    let key = decision.evidence.key.as_ref();
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                target: TARGET,
                reference,
                outcome = outcome(&decision.verdict),
                endpoint,
                address = address.map(display),
                client,
                method,
                issuer = issuer.as_deref(),
                subject = subject.as_deref(),
                reason = (!reason.is_empty()).then_some(reason),
                detail = (!detail.is_empty()).then_some(detail.as_str()),
                plugin = decision.plugin.as_ref().map(|plugin| plugin.name.as_str()),
                digest = digest.as_deref(),
                algorithm = decision.evidence.algorithm.as_deref(),
                thumbprint = key.map(|key| key.thumbprint.as_str()),
                key_source = key.map(|key| key.source.as_str()),
                generation = decision.generation,
                micros = u64::try_from(decision.duration.as_micros()).unwrap_or(u64::MAX),
                "client authentication"
            )
        };
    }
    match &decision.verdict {
        Verdict::Unavailable(_) | Verdict::Overloaded | Verdict::Failed(..) => event!(warn),
        _ => event!(info),
    }
}

/// What an operator did at the console, or was refused there.
pub struct Operated<'a> {
    /// Where the request comes from.
    pub address: Option<IpAddr>,
    /// How the operator signed in: `token` or `code`.
    pub by: Option<&'static str>,
    /// What was done: `client-add`, `plugin-install`.
    pub action: &'static str,
    /// To what: a client, a plug-in, an alias.
    pub object: &'a str,
    /// `done`, or `refused`.
    pub outcome: &'static str,
    /// Why it was refused.
    pub detail: Option<&'a str>,
}

/// A change that an operator made at the console, or was refused.
pub fn operated(event: &Operated<'_>) {
    let Operated { address, by, action, object, outcome, detail } = *event;
    let address = address.map(display);
    tracing::info!(target: TARGET, outcome, action, object, by, address, detail, "console");
}

/// A request that was refused before any plug-in saw it.
pub fn malformed(reference: &str, address: Option<IpAddr>, error: &OAuthError) {
    let code = error.code.as_str();
    let address = address.map(display);
    tracing::info!(target: TARGET, reference, outcome = "malformed", address, error = code, detail = error.description, "request refused");
}

/// A client that was registered, read, changed or removed over HTTP.
pub fn registration(reference: &str, action: &'static str, client: &str) {
    tracing::info!(target: TARGET, reference, outcome = "registration", action, client, "client registration");
}

/// A registration that was refused.
pub fn refused_registration(reference: &str, action: &'static str, client: Option<&str>, error: &OAuthError) {
    let code = error.code.as_str();
    let detail = error.description.as_str();
    tracing::info!(target: TARGET, reference, outcome = "registration-refused", action, client, error = code, detail, "registration refused");
}

/// A grant that was refused to an authenticated client.
pub fn refused_grant(reference: &str, client: &str, grant: &str, refusal: &GrantRefusal) {
    let code = refusal.error.code.as_str();
    let detail = &*refusal.reason;
    tracing::info!(target: TARGET, reference, outcome = "grant-refused", client, grant, error = code, detail, "grant refused");
}

/// A request that was rejected because of the wrong secrets before it, of this client and from this address.
pub fn limited(reference: &str, address: IpAddr, client: &str) {
    let (address, client) = (display(address), client.chars().take(255).collect::<String>());
    tracing::info!(target: TARGET, reference, outcome = "limited", address, client, "too many wrong secrets");
}

/// A request over the limit of its address, rejected before it was read.
pub fn rate_limited(reference: &str, address: IpAddr) {
    let address = display(address);
    tracing::info!(target: TARGET, reference, outcome = "rate-limited", address, "too many requests");
}

/// An attempt to sign in.
pub struct SignInAttempt<'a> {
    /// The client that the user comes from.
    pub client: &'a str,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
    /// What came of it.
    pub outcome: &'static str,
    /// Why it was refused; the page does not tell.
    pub reason: Option<&'static str>,
    /// The user's id, where the password was right.
    pub user: Option<&'a str>,
}

/// An attempt to sign in.
pub fn sign_in(reference: &str, attempt: &SignInAttempt<'_>) {
    let SignInAttempt { client, address, outcome, reason, user } = *attempt;
    let address = address.map(display);
    tracing::info!(target: TARGET, reference, outcome, address, client, reason, user, "sign-in");
}

/// A person who allowed a client, now or before.
pub fn authorized(reference: &str, client: &str, user: &str, scope: &[String]) {
    let scope = scope.join(" ");
    tracing::info!(target: TARGET, reference, outcome = "authorized", client, user, scope, "authorization");
}

/// An authorization request, or a post of one of its pages, that was refused.
pub fn refused_authorization(reference: &str, client: Option<&str>, error: &str, detail: &str) {
    tracing::info!(target: TARGET, reference, outcome = "authorization-refused", client, error, detail, "authorization refused");
}
