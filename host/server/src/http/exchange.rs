//! One request of a client, from its beginning to its answer, the same at every endpoint that authenticates clients.
//!
//! The live plug-ins decide, and every decision leaves one audit event. A client that is registered with the method
//! `none` has nothing to prove: where the endpoint accepts such clients, and no credential of any kind came with the
//! request, its `client_id` names it. Every other request that no plug-in vouches for is rejected.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use dropins_database::StoreError;
use dropins_host::{Client, Decision, Verdict};
use dropins_oauth::Authenticated;
use dropins_oauth::clients::SecretAttempt;
use dropins_oauth::grants::GrantRefusal;
use dropins_protocol::names::NONE;
use dropins_protocol::{AccessToken, ErrorCode, OAuthError, reference};
use dropins_services::Unavailable;

use super::answer;
use super::attempt::Attempt;
use super::client_address;
use super::post::FormPost;
use super::rate_limit;
use super::sent_secret;
use crate::app::{Authenticates, AuthenticationServices, ClientServices};
use dropins_live::Live;
use dropins_telemetry::audit;

/// What a client can prove itself with; a request with any of these is not one of a client without a credential.
const CREDENTIALS: [&str; 3] = ["client_assertion", "client_assertion_type", "client_secret"];

/// Whether an endpoint accepts clients without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Public {
    /// It does.
    Accepted,
    /// It does not.
    Refused,
}

/// The public URLs of the server that the client means; an assertion names one of them as its audience.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    /// The issuer.
    pub(crate) issuer: String,
    /// The token endpoint.
    pub(crate) token_endpoint: String,
    /// The endpoint that was called.
    pub(crate) endpoint: String,
}

/// One request of a client; `S` is what the endpoint uses besides.
pub(crate) struct Exchange<S = Arc<ClientServices>> {
    pub(crate) services: S,
    /// The configuration that the request began with.
    pub(crate) live: Arc<Live>,
    /// The id under which the request is logged.
    pub(crate) reference: String,
    /// Where the request comes from.
    pub(crate) address: Option<IpAddr>,
    challenge: bool,
    attempt: Attempt,
}

impl<S: Authenticates> Exchange<S> {
    /// Answers a request to an endpoint that authenticates clients, unless its address sends more than its share.
    pub(crate) async fn answer(
        services: S,
        request: Request,
        handle: impl AsyncFnOnce(&mut Self, Request) -> Result<Response, OAuthError>,
    ) -> Response {
        if let Some(refused) = rate_limit::refused(services.authentication(), &request) {
            return refused;
        }
        let live = services.authentication().published.current();
        Self::answer_on(live, services, request, handle).await
    }

    /// The same on a configuration that the request began with.
    pub(crate) async fn answer_on(
        live: Arc<Live>,
        services: S,
        request: Request,
        handle: impl AsyncFnOnce(&mut Self, Request) -> Result<Response, OAuthError>,
    ) -> Response {
        let mut exchange = Self::begin(live, services, &request);
        let done = handle(&mut exchange, request).await;
        exchange.end(done)
    }

    fn begin(live: Arc<Live>, services: S, request: &Request) -> Self {
        let challenge = request.headers().contains_key(header::AUTHORIZATION);
        let proxies = &live.deployment.transport.trusted_proxies;
        let address = client_address::of(request.extensions(), request.headers(), proxies);
        let reference = reference();
        tracing::Span::current().record("dropins.reference", reference.as_str());
        Self { services, live, reference, address, challenge, attempt: Attempt::default() }
    }

    fn authentication(&self) -> &AuthenticationServices {
        self.services.authentication()
    }

    /// Whatever the answer is, the assertion stays used: a part of the request may have had its effect elsewhere.
    pub(crate) fn keep_used(&mut self) {
        self.attempt = Attempt::default();
    }

    /// Counts an error, and tells the replay store of an answer that holds no token.
    fn end(self, done: Result<Response, OAuthError>) -> Response {
        let response = done.unwrap_or_else(|error| {
            self.authentication().metrics.answered(error.code);
            answer::respond(&error, &self.reference, self.challenge)
        });
        let Self { attempt, services, .. } = self;
        attempt.answered(response.status(), &*services.authentication().replay);
        response
    }

    /// Reads the request; one that is malformed is logged.
    pub(crate) async fn read(&self, request: Request) -> Result<FormPost, OAuthError> {
        FormPost::read(request).await.map_err(|error| self.malformed(error))
    }

    /// Logs that the request was rejected before any plug-in saw it.
    pub(crate) fn malformed(&self, error: OAuthError) -> OAuthError {
        audit::malformed(&self.reference, self.address, &error);
        let services = self.authentication();
        let now = services.clock.now_seconds();
        services.decisions.rejected(now, &self.reference, self.address, "malformed", None, &error);
        error
    }

    /// The answer to what an authenticated client is refused; the reason is logged.
    pub(crate) fn refused(&self, client: &Authenticated, what: &str, refusal: GrantRefusal) -> OAuthError {
        audit::refused_grant(&self.reference, client.id(), what, &refusal);
        let services = self.authentication();
        let (now, code) = (services.clock.now_seconds(), refusal.error.code.as_str());
        services.decisions.refused(now, &self.reference, client.id(), what, code, &refusal.reason);
        if self.live.deployment.oauth.detailed_errors && refusal.error.code == ErrorCode::InvalidGrant {
            return OAuthError::new(refusal.error.code, refusal.reason);
        }
        refusal.error
    }

    /// Has the live plug-ins authenticate the client; `endpoint` is the public URL of this server that was called.
    pub(crate) async fn authenticate(
        &mut self,
        post: &FormPost,
        endpoint: &str,
        public: Public,
    ) -> Result<Authenticated, OAuthError> {
        let endpoints = &self.live.endpoints;
        let called = Called {
            issuer: endpoints.issuer.clone(),
            token_endpoint: endpoints.token.clone(),
            endpoint: endpoint.to_owned(),
        };
        self.authenticate_at(post, called, public).await.map(|(client, _)| client)
    }

    /// The same for a server at other URLs; the decision says how the client proved itself.
    pub(crate) async fn authenticate_at(
        &mut self,
        post: &FormPost,
        called: Called,
        public: Public,
    ) -> Result<(Authenticated, Decision), OAuthError> {
        let attempt = self.secret_attempt(post)?;
        let endpoint = called.endpoint.clone();
        let decision = self.judge(post, called, public).await;
        if let (Some(attempt), false) = (attempt, is_wrong_credential(&decision.verdict)) {
            attempt.not_wrong();
        }
        self.record(&endpoint, &decision);
        let client = answer::authenticated(&decision.verdict).map_err(|error| match &decision.verdict {
            Verdict::Rejected(rejection) if self.live.deployment.oauth.detailed_errors => {
                OAuthError::new(error.code, format!("{}: {}", rejection.reason, rejection.detail))
            }
            _ => error,
        })?;
        Ok((self.registered(client, &decision).await?, decision))
    }

    /// Begins an attempt to authenticate with a secret, if the request carries one.
    fn secret_attempt(&self, post: &FormPost) -> Result<Option<SecretAttempt>, OAuthError> {
        let client = sent_secret::client_of(&post.form, &post.headers);
        let Some((client, address)) = client.zip(self.address) else { return Ok(None) };
        let services = self.authentication();
        match services.secret_attempts.check(&client, address, services.clock.now()) {
            Ok(attempt) => Ok(Some(attempt)),
            Err(wait) => {
                audit::limited(&self.reference, address, &client);
                let (now, error) = (services.clock.now_seconds(), OAuthError::too_many_requests(wait.seconds));
                let (decisions, client) = (&services.decisions, Some(client.as_str()));
                decisions.rejected(now, &self.reference, Some(address), "limited", client, &error);
                Err(error)
            }
        }
    }

    /// What the plug-ins decide, and for a client without a credential its registration.
    async fn judge(&mut self, post: &FormPost, called: Called, public: Public) -> Decision {
        let Called { issuer, token_endpoint, endpoint } = called;
        let request = dropins_host::Request {
            endpoint,
            issuer,
            token_endpoint,
            form: post.form.shared(),
            headers: Arc::clone(&post.headers),
            reference: self.reference.clone(),
        };
        let mut decision = self.live.generation.authenticate(&request).await;
        self.attempt.note(&mut decision);
        if decision.verdict == Verdict::NoMethod && public == Public::Accepted {
            match self.public_client(post).await {
                Ok(Some(client)) => decision.verdict = Verdict::Authenticated(client),
                Ok(None) => {}
                Err(down) => decision.verdict = Verdict::Unavailable(down.to_string()),
            }
        }
        decision
    }

    /// Counts and logs a decision.
    fn record(&self, endpoint: &str, decision: &Decision) {
        let services = self.authentication();
        services.metrics.decided(decision);
        tracing::Span::current().record("dropins.outcome", audit::outcome(&decision.verdict));
        audit::decision(&self.reference, endpoint, self.address, decision);
        let now = services.clock.now_seconds();
        services.decisions.decided(now, &self.reference, endpoint, self.address, decision);
        services.audiences.note(now, decision);
    }

    /// The registration of the client, whose key is noted: a plug-in can vouch only for clients that the server knows, and
    /// a client can be removed or disabled meanwhile.
    async fn registered(&self, client: &Client, decision: &Decision) -> Result<Authenticated, OAuthError> {
        let (reference, id) = (self.reference.as_str(), client.id.as_str());
        let registered = self.live.clients.find(id).await.map_err(|down| {
            tracing::error!(reference, client = id, %down, "an authenticated client cannot be looked up");
            OAuthError::unavailable()
        })?;
        let registered = registered.ok_or_else(|| {
            tracing::warn!(reference, client = id, "an authenticated client is rejected: it is not registered now");
            OAuthError::invalid_client()
        })?;
        // Strangers choose the ids that documents describe: nothing about them is written down for good.
        if let (Some(key), None) = (&decision.evidence.key, &registered.host) {
            self.authentication().published.ledger().used(id, key);
        }
        let not_after = decision.evidence.not_after;
        Ok(Authenticated { client: registered, public: decision.plugin.is_none(), not_after })
    }

    /// The client without a credential that the request names.
    async fn public_client(&self, post: &FormPost) -> Result<Option<Client>, Unavailable> {
        let proves = CREDENTIALS.iter().any(|name| post.form.get(name).is_some());
        let Some(id) = post.form.get("client_id").filter(|_| !proves && !self.challenge) else { return Ok(None) };
        let found = self.live.clients.find(id).await?.filter(|client| client.is_public());
        Ok(found.map(|_| Client { id: id.to_owned(), method: NONE.to_owned(), attributes: Vec::new() }))
    }
}

impl Exchange {
    /// Parses a signed or opaque access token. Does not check expiry or revocation.
    pub(super) async fn access_token(&self, text: &str) -> Result<Option<AccessToken>, StoreError> {
        self.services.access_token(text, &self.live.endpoints.issuer).await
    }
}

/// Whether a credential was judged, and was wrong.
fn is_wrong_credential(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Rejected(rejection) if rejection.error != "invalid_request")
}
