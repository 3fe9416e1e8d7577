//! The parameters of an authorization request, checked.
//!
//! A value of this type names a registered redirect URI, scopes that the client registered, and a code challenge
//! wherever one is needed. What the protocol does not know is ignored; what it knows and is malformed is refused.

use std::fmt;

use serde::de::{IntoDeserializer as _, value};
use serde::{Deserialize, Serialize};

use super::error::RequestError;
use super::redirect_uri;
use super::response::ReturnTo;
use super::supported::{CODE_CHALLENGE_METHODS, RESPONSE_MODES, RESPONSE_TYPES};
use crate::clients::RegisteredClient;
use dropins_protocol::ErrorCode;
use dropins_protocol::Form;
use dropins_store::grants::scope;

/// The longest `state`, in bytes: it travels in URLs.
const MAX_STATE: usize = 4096;
/// The longest `nonce`, in bytes: it is stored with the code.
const MAX_NONCE: usize = 512;
/// The longest `login_hint`, in bytes: it is kept with the request.
const MAX_LOGIN_HINT: usize = 512;
/// BASE64URL of a SHA-256 digest (RFC 7636 section 4.2).
const CHALLENGE_LENGTH: usize = 43;

/// What the person is to be asked (OpenID Connect Core section 3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Nothing: answer without a page, or with an error.
    None,
    /// To sign in, although a session exists.
    Login,
    /// To agree, although this was agreed to before.
    Consent,
    /// To choose an account, which is to sign in.
    SelectAccount,
}

impl Prompt {
    /// All values on the wire.
    pub const SUPPORTED: [&str; 4] = ["none", "login", "consent", "select_account"];

    fn parse(text: &str) -> Option<Self> {
        Self::deserialize(text.into_deserializer()).map_err(|_: value::Error| ()).ok()
    }
}

/// A valid authorization request of one client.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: String,
    /// The redirect URI as it was requested, or the only registered one.
    pub redirect_uri: String,
    /// Whether the request had it; the token request must repeat it then (RFC 6749 section 4.1.3).
    pub redirect_uri_given: bool,
    /// The scopes that may be granted, each once, in the order of the request.
    pub scope: Vec<String>,
    /// The client's own value, for the answer.
    pub state: Option<String>,
    /// For the id token.
    pub nonce: Option<String>,
    /// The S256 code challenge (RFC 7636).
    pub code_challenge: Option<String>,
    /// What the person is to be asked.
    pub prompt: Vec<Prompt>,
    /// How long ago the person may have signed in, in seconds.
    pub max_age: Option<u64>,
    /// Who the client thinks the person is; only ever shown.
    pub login_hint: Option<String>,
}

/// Without what belongs to the client and to the person alone.
impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client_id, scope, .. } = self;
        f.debug_struct("AuthorizationRequest")
            .field("client_id", client_id)
            .field("scope", scope)
            .finish_non_exhaustive()
    }
}

impl AuthorizationRequest {
    /// Reads the request of this client.
    ///
    /// # Errors
    /// [`RequestError`], with the way back to the client once the redirect URI is trusted.
    pub fn read(form: &Form, client: &RegisteredClient) -> Result<Self, RequestError> {
        let client_id = client.registration.id.as_str();
        if form.get("client_id").is_some_and(|given| given != client_id) {
            return Err(RequestError::shown(ErrorCode::InvalidRequest, "The client_id is another client's"));
        }
        let redirect_uri = redirect_uri_of(form.get("redirect_uri"), &client.redirect_uris)?;
        let state = form.get("state").filter(|state| state.len() <= MAX_STATE);
        let return_to = ReturnTo { redirect_uri: redirect_uri.clone(), state: state.map(str::to_owned) };
        Parameters { form, client }.read(redirect_uri).map_err(|(code, description)| RequestError {
            code,
            description,
            return_to: Some(return_to),
        })
    }

    /// The way back to the client.
    pub fn return_to(&self) -> ReturnTo {
        ReturnTo { redirect_uri: self.redirect_uri.clone(), state: self.state.clone() }
    }

    /// Whether the redirect URI is still one of the client's.
    pub fn returns_to(&self, client: &RegisteredClient) -> bool {
        client.redirect_uris.iter().any(|uri| redirect_uri::matches(uri, &self.redirect_uri))
    }

    /// Whether this is asked for.
    pub fn prompts(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }
}

type Refusal = (ErrorCode, &'static str);

const fn invalid(description: &'static str) -> Refusal {
    (ErrorCode::InvalidRequest, description)
}

fn redirect_uri_of(given: Option<&str>, registered: &[String]) -> Result<String, RequestError> {
    let shown = |description| Err(RequestError::shown(ErrorCode::InvalidRequest, description));
    match (given, registered) {
        (_, []) => shown("The client has no registered redirect URI"),
        (Some(given), registered) if registered.iter().any(|uri| redirect_uri::matches(uri, given)) => {
            Ok(given.to_owned())
        }
        (Some(_), _) => shown("The redirect_uri is not one that the client has registered"),
        (None, [only]) => Ok(only.clone()),
        (None, _) => shown("The parameter redirect_uri is missing, and the client has registered several"),
    }
}

/// The parameters behind a trusted redirect URI.
struct Parameters<'a> {
    form: &'a Form,
    client: &'a RegisteredClient,
}

impl Parameters<'_> {
    fn read(&self, redirect_uri: String) -> Result<AuthorizationRequest, Refusal> {
        self.supported()?;
        let owned = |name: &str| self.form.get(name).map(str::to_owned);
        Ok(AuthorizationRequest {
            client_id: self.client.registration.id.clone(),
            redirect_uri,
            redirect_uri_given: self.form.get("redirect_uri").is_some(),
            scope: self.scope()?,
            state: owned("state"),
            nonce: owned("nonce"),
            code_challenge: self.code_challenge()?,
            prompt: self.prompt()?,
            max_age: self.max_age()?,
            login_hint: owned("login_hint"),
        })
    }

    fn supported(&self) -> Result<(), Refusal> {
        let given = |name| self.form.get(name).is_some();
        if given("request") {
            return Err((ErrorCode::RequestNotSupported, "The parameter request is not supported"));
        }
        if given("request_uri") {
            return Err((ErrorCode::RequestUriNotSupported, "A request_uri comes from the pushed request endpoint"));
        }
        if given("registration") {
            return Err((ErrorCode::RegistrationNotSupported, "The parameter registration is not supported"));
        }
        match self.form.get("response_type") {
            None => return Err(invalid("The parameter response_type is missing")),
            Some(kind) if RESPONSE_TYPES.contains(&kind) => {}
            Some(_) => return Err((ErrorCode::UnsupportedResponseType, "The only response_type is code")),
        }
        if self.form.get("response_mode").is_some_and(|mode| !RESPONSE_MODES.contains(&mode)) {
            return Err(invalid("The only response_mode is query"));
        }
        if !self.client.grant_types.iter().any(|grant| grant == "authorization_code") {
            let description = "The client has not registered the grant type authorization_code";
            return Err((ErrorCode::UnauthorizedClient, description));
        }
        let bounds = [
            ("state", MAX_STATE, "The state is longer than 4096 bytes"),
            ("nonce", MAX_NONCE, "The nonce is longer than 512 bytes"),
            ("login_hint", MAX_LOGIN_HINT, "The login_hint is longer than 512 bytes"),
        ];
        let too_long = |(name, most, _): &(&str, usize, _)| self.form.get(name).is_some_and(|text| text.len() > *most);
        bounds.into_iter().find(too_long).map_or(Ok(()), |(.., description)| Err(invalid(description)))
    }

    /// The requested scopes that are registered; `openid` needs no registration.
    fn scope(&self) -> Result<Vec<String>, Refusal> {
        let requested = self.form.get("scope").unwrap_or_default();
        let granted = scope::registered(requested, &self.client.scopes);
        if granted.is_empty() && !requested.trim().is_empty() {
            return Err((ErrorCode::InvalidScope, "None of the scopes is registered for the client"));
        }
        Ok(granted)
    }

    fn code_challenge(&self) -> Result<Option<String>, Refusal> {
        let method = self.form.get("code_challenge_method");
        let Some(challenge) = self.form.get("code_challenge") else {
            if method.is_some() {
                return Err(invalid("There is a code_challenge_method without a code_challenge"));
            }
            if self.client.is_public() {
                return Err(invalid("A client without a credential needs a code_challenge (RFC 7636)"));
            }
            return Ok(None);
        };
        // Left out it would be "plain", which protects nothing once the request is seen.
        if !method.is_some_and(|method| CODE_CHALLENGE_METHODS.contains(&method)) {
            return Err(invalid("The code_challenge_method must be S256"));
        }
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if challenge.len() != CHALLENGE_LENGTH || !challenge.bytes().all(base64url) {
            return Err(invalid("The code_challenge is not the base64url text of a SHA-256 digest"));
        }
        Ok(Some(challenge.to_owned()))
    }

    fn prompt(&self) -> Result<Vec<Prompt>, Refusal> {
        let mut prompts = Vec::new();
        for word in self.form.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
            let prompt = Prompt::parse(word);
            let prompt = prompt.ok_or_else(|| invalid("The prompt is none, login, consent or select_account"))?;
            if !prompts.contains(&prompt) {
                prompts.push(prompt);
            }
        }
        if prompts.len() > 1 && prompts.contains(&Prompt::None) {
            return Err(invalid("The prompt none excludes the others"));
        }
        Ok(prompts)
    }

    fn max_age(&self) -> Result<Option<u64>, Refusal> {
        let seconds = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let max_age = self.form.get("max_age").map(seconds);
        max_age.map(|seconds| seconds.ok_or_else(|| invalid("The max_age is a number of seconds"))).transpose()
    }
}

#[cfg(test)]
mod tests;
