//! From a credential to an authenticated client.
//!
//! The secret is checked in every case, also for an unknown client or one of another method, so that they cannot be
//! told apart by time. A directory that is down fails the request closed.

use crate::credential::{Credential, Method};
use crate::request::Request;

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `client_id` or `client_secret` occurs more than once.
    RepeatedParameter,
    /// The header occurs more than once.
    RepeatedHeader,
    /// Header and form both hold a credential.
    TwoMethods,
    /// There is no credential.
    CredentialMissing,
    /// There is no client id.
    ClientIdMissing,
    /// The header cannot be decoded.
    HeaderMalformed,
    /// Header and form name two clients.
    ClientIdMismatch,
    /// The client is not registered, or disabled.
    UnknownClient,
    /// The client is registered for another method.
    MethodNotRegistered,
    /// The secret is not the client's.
    WrongSecret,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::RepeatedParameter,
        Self::RepeatedHeader,
        Self::TwoMethods,
        Self::CredentialMissing,
        Self::ClientIdMissing,
        Self::HeaderMalformed,
        Self::ClientIdMismatch,
        Self::UnknownClient,
        Self::MethodNotRegistered,
        Self::WrongSecret,
    ];

    /// The stable reason code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::RepeatedParameter => "repeated-parameter",
            Self::RepeatedHeader => "repeated-header",
            Self::TwoMethods => "two-methods",
            Self::CredentialMissing => "credential-missing",
            Self::ClientIdMissing => "client-id-missing",
            Self::HeaderMalformed => "header-malformed",
            Self::ClientIdMismatch => "client-id-mismatch",
            Self::UnknownClient => "unknown-client",
            Self::MethodNotRegistered => "method-not-registered",
            Self::WrongSecret => "wrong-secret",
        }
    }

    /// The OAuth error (RFC 6749 section 5.2): a malformed request, or a wrong credential.
    pub const fn error(self) -> &'static str {
        match self {
            Self::ClientIdMismatch | Self::UnknownClient | Self::MethodNotRegistered | Self::WrongSecret => {
                "invalid_client"
            }
            _ => "invalid_request",
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::RepeatedParameter => "each parameter once",
            Self::RepeatedHeader => "one Authorization header",
            Self::TwoMethods => "one authentication method",
            Self::CredentialMissing => "a client secret in the header or in the form",
            Self::ClientIdMissing => "a client id",
            Self::HeaderMalformed => "Basic and base64 of id:secret, both form-encoded (RFC 6749 section 2.3.1)",
            Self::ClientIdMismatch => "client_id absent or equal to the client of the header",
            Self::UnknownClient => "a registered and enabled client",
            Self::MethodNotRegistered => "the registered token_endpoint_auth_method",
            Self::WrongSecret => "the client's secret",
        }
    }
}

/// A broken rule, with facts for the log; never the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {}; received {received}", reason.expected())]
pub struct Rejection {
    /// The rule.
    pub reason: Reason,
    /// What the request holds.
    pub received: String,
}

impl Rejection {
    pub(crate) fn new(reason: Reason, received: impl Into<String>) -> Self {
        Self { reason, received: received.into() }
    }
}

/// Why a request was not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The credential is malformed or wrong.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A part that a safe answer needs is down; the text says which.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// The client directory, as far as it is asked here.
pub trait Clients {
    /// The registered method of an enabled client: `None` for an unknown client, `Some(None)` when none is registered.
    ///
    /// # Errors
    /// Which part is down.
    fn registered_method(&self, client_id: &str) -> Result<Option<Option<String>>, String>;

    /// Whether the secret is the client's; an unknown client costs the same time.
    ///
    /// # Errors
    /// Which part is down.
    fn check_secret(&self, client_id: &str, secret: &str) -> Result<bool, String>;
}

/// An authenticated client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The method that was used.
    pub method: Method,
}

/// Authenticates the client of a request.
///
/// # Errors
/// [`Refusal`] for the first rule that is broken, or when the directory is down.
pub fn authenticate(request: &Request<'_>, clients: &dyn Clients) -> Result<Client, Refusal> {
    let Credential { client_id, secret, method } = Credential::from_request(request)?;
    let registration = clients.registered_method(&client_id).map_err(Refusal::Unavailable)?;
    let right = clients.check_secret(&client_id, secret.expose()).map_err(Refusal::Unavailable)?;
    let Some(registered) = registration else {
        return Err(Rejection::new(Reason::UnknownClient, "another client id").into());
    };
    if let Some(registered) = registered.filter(|registered| registered != method.name()) {
        let received = format!("{} from a client registered for {registered}", method.name());
        return Err(Rejection::new(Reason::MethodNotRegistered, received).into());
    }
    if !right {
        return Err(Rejection::new(Reason::WrongSecret, "another secret").into());
    }
    Ok(Client { id: client_id, method })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A directory with the client `id`, whose secret is `secret`.
    #[derive(Default)]
    struct Directory {
        method: Option<&'static str>,
        lookup_down: bool,
        secrets_down: bool,
        checked: Cell<usize>,
    }

    impl Clients for Directory {
        fn registered_method(&self, client_id: &str) -> Result<Option<Option<String>>, String> {
            if self.lookup_down {
                return Err("client directory".to_owned());
            }
            Ok((client_id == "id").then(|| self.method.map(str::to_owned)))
        }

        fn check_secret(&self, client_id: &str, secret: &str) -> Result<bool, String> {
            self.checked.set(self.checked.get() + 1);
            if self.secrets_down {
                Err("client directory".to_owned())
            } else {
                Ok((client_id, secret) == ("id", "secret"))
            }
        }
    }

    fn post<'a>(id: &'a str, secret: &'a str) -> Request<'a> {
        Request { form: vec![("client_id", id), ("client_secret", secret)], ..Request::default() }
    }

    fn basic() -> Request<'static> {
        Request { headers: vec![("authorization", "basic aWQ6c2VjcmV0")], ..Request::default() }
    }

    fn verdict(request: &Request<'_>, directory: &Directory) -> &'static str {
        match authenticate(request, directory) {
            Ok(client) => client.method.name(),
            Err(Refusal::Rejected(rejection)) => rejection.reason.code(),
            Err(Refusal::Unavailable(_)) => "unavailable",
        }
    }

    #[test]
    fn the_registered_method_is_the_only_one_and_without_one_both_are_allowed() {
        for (method, of_basic, of_post) in [
            (None, "client_secret_basic", "client_secret_post"),
            (Some("client_secret_basic"), "client_secret_basic", "method-not-registered"),
            (Some("client_secret_post"), "method-not-registered", "client_secret_post"),
            (Some("private_key_jwt"), "method-not-registered", "method-not-registered"),
            (Some("none"), "method-not-registered", "method-not-registered"),
        ] {
            let directory = Directory { method, ..Directory::default() };
            assert_eq!(verdict(&basic(), &directory), of_basic, "{method:?}");
            assert_eq!(verdict(&post("id", "secret"), &directory), of_post, "{method:?}");
        }
    }

    #[test]
    fn a_wrong_secret_and_an_unknown_client_are_refused() {
        assert_eq!(verdict(&post("id", "Secret"), &Directory::default()), "wrong-secret");
        assert_eq!(verdict(&post("ID", "secret"), &Directory::default()), "unknown-client");
    }

    #[test]
    fn the_secret_is_checked_once_whatever_is_wrong() {
        let other_method = Directory { method: Some("none"), ..Directory::default() };
        for (request, directory) in [
            (post("ID", "secret"), Directory::default()),
            (post("id", "wrong"), Directory::default()),
            (post("id", "secret"), other_method),
        ] {
            assert!(authenticate(&request, &directory).is_err());
            assert_eq!(directory.checked.get(), 1);
        }
    }

    #[test]
    fn a_directory_that_is_down_fails_closed() {
        for (lookup_down, secrets_down) in [(true, false), (false, true)] {
            let directory = Directory { lookup_down, secrets_down, ..Directory::default() };
            assert_eq!(verdict(&basic(), &directory), "unavailable");
        }
    }

    #[test]
    fn a_malformed_request_is_never_looked_up() {
        let request = Request { headers: vec![("authorization", "Basic !")], ..Request::default() };
        let directory = Directory { lookup_down: true, ..Directory::default() };
        assert_eq!(verdict(&request, &directory), "header-malformed");
        assert_eq!(directory.checked.get(), 0);
    }

    #[test]
    fn codes_are_unique_and_errors_are_those_of_rfc_6749() {
        let codes: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert_eq!(
            (Reason::WrongSecret.error(), Reason::HeaderMalformed.error()),
            ("invalid_client", "invalid_request")
        );
    }

    #[test]
    fn a_detail_never_holds_the_secret() {
        let Err(refusal) = authenticate(&post("id", "hunter2"), &Directory::default()) else { panic!("refused") };
        assert_eq!(refusal.to_string(), "expected the client's secret; received another secret");
    }
}
