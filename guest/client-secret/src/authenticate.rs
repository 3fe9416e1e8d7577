//! From a credential to an authenticated client.
//!
//! The secret is checked in every case, also for an unknown client or a client of another method, so the time reveals
//! neither. A directory that is down fails the request closed.

use dropins_plugin::{Clients, Request};

use crate::credential::{Credential, Method};
use crate::reason::{Reason, Refusal, broken};

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
/// [`Refusal`] for the first broken rule, or when the directory is down.
pub fn authenticate(request: &Request<'_>, clients: &dyn Clients) -> Result<Client, Refusal> {
    let Credential { client_id, secret, method } = Credential::from_request(request)?;
    let registration = clients.lookup(&client_id).map_err(Refusal::Unavailable)?;
    let right = clients.check_secret(&client_id, secret.expose()).map_err(Refusal::Unavailable)?;
    let Some(registration) = registration else {
        return Err(broken(Reason::UnknownClient, "another client id").into());
    };
    if let Some(registered) = registration.auth_method.filter(|registered| registered != method.name()) {
        let received = format!("{} from a client registered for {registered}", method.name());
        return Err(broken(Reason::MethodNotRegistered, &received).into());
    }
    if !right {
        return Err(broken(Reason::WrongSecret, "another secret").into());
    }
    Ok(Client { id: client_id, method })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use dropins_plugin::{Reason as _, Registration};

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
        fn lookup(&self, client_id: &str) -> Result<Option<Registration>, String> {
            if self.lookup_down {
                return Err("client directory".to_owned());
            }
            let auth_method = self.method.map(str::to_owned);
            Ok((client_id == "id").then(|| Registration {
                id: "id".to_owned(),
                auth_method,
                ..Registration::default()
            }))
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
    fn a_detail_never_holds_the_secret() {
        let Err(refusal) = authenticate(&post("id", "hunter2"), &Directory::default()) else { panic!("refused") };
        assert_eq!(refusal.to_string(), "wrong-secret: expected the client's secret; received another secret");
    }
}
