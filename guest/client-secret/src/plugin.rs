//! The plug-in: its names, what it reads of a request, and the trait that it is exported by. It has no properties.
//!
//! It reads the credential and leaves the rest to the host: whether the client is registered, for which method, and
//! whether the secret is the client's. So an unknown client costs as much time as a wrong secret.

use dropins_plugin::{
    Authenticated, Authenticator, Client, Condition, Description, Fields, Log, Problem, Request, Requirement, Services,
};

use crate::credential::{Credential, Method};
use crate::reason::{Reason, Refusal, Report};
use crate::request::is_engaged;

/// The authenticator of client secrets.
#[derive(Debug)]
pub struct ClientSecret;

impl Authenticator for ClientSecret {
    type Reason = Reason;

    const DESCRIPTION: Description = Description {
        name: "client_secret_authenticator",
        // The class of WSO2 Identity Server, full and simple.
        aliases: &[
            "org.wso2.carbon.identity.oauth2.client.authentication.BasicAuthClientAuthenticator",
            "BasicAuthClientAuthenticator",
        ],
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        methods: &[Method::Basic.name(), Method::Post.name()],
        reads: &["form:client_id", "form:client_secret", "header:authorization"],
        assertion_types: &[],
    };

    fn check_config(properties: Fields<'_, '_>, _: &dyn Log) -> Vec<Problem> {
        let message = "is not known here; client_secret_authenticator has no properties";
        properties
            .iter()
            .map(|(name, _)| Problem { property: (*name).to_owned(), message: message.to_owned() })
            .collect()
    }

    fn can_authenticate(_: Fields<'_, '_>, request: &Request<'_>) -> bool {
        is_engaged(request)
    }

    fn claimed_client(request: &Request<'_>) -> Option<String> {
        let credential = Credential::from_request(request).map(|credential| credential.client_id);
        credential.ok().or_else(|| request.parameter("client_id").map(str::to_owned))
    }

    fn authenticate(
        _: Fields<'_, '_>,
        request: &Request<'_>,
        _: &Services<'_>,
        report: &mut Report,
    ) -> Result<Authenticated<Reason>, Refusal> {
        let Credential { client_id, secret, method } = Credential::from_request(request)?;
        for reason in [Reason::UnknownClient, Reason::MethodNotRegistered, Reason::WrongSecret] {
            let expected = dropins_plugin::Reason::rule(reason).text;
            report.left_to_the_host(reason, format_args!("{expected}"), format_args!(""));
        }
        let requirement = Requirement::Secret(secret.expose().to_owned());
        Ok(Authenticated {
            client: Client { id: client_id, method: method.name(), attributes: Vec::new() },
            conditions: vec![Condition { reason: Reason::WrongSecret, requirement }],
        })
    }
}

dropins_plugin::export!(ClientSecret);

#[cfg(test)]
mod tests {
    use dropins_plugin::{Hint, Keys, LookupError, PublicKey, Reason as _, Registration};

    use super::*;

    /// Services that must not be asked.
    struct Unasked;

    impl dropins_plugin::Clients for Unasked {
        fn lookup(&self, _: &str) -> Result<Option<Registration>, String> {
            panic!("no look-up")
        }
    }

    impl Keys for Unasked {
        fn candidates(&self, _: &str, _: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
            panic!("no key")
        }

        fn decoy(&self, _: &str) -> Option<Box<dyn PublicKey>> {
            panic!("no key")
        }
    }

    impl Log for Unasked {
        fn warn(&self, _: &str) {
            panic!("no warning")
        }
    }

    fn authenticate(form: &[(&str, &str)], headers: &[(&str, &str)]) -> Result<Authenticated<Reason>, Refusal> {
        let request = Request { form: form.to_vec(), headers: headers.to_vec(), ..Request::default() };
        let services = Services { clients: &Unasked, keys: &Unasked, log: &Unasked };
        ClientSecret::authenticate(&[], &request, &services, &mut Report::off())
    }

    #[test]
    fn a_credential_is_a_claim_on_the_condition_that_the_secret_is_right() {
        let basic = authenticate(&[], &[("authorization", "basic aWQ6c2VjcmV0")]).unwrap();
        let post = authenticate(&[("client_id", "id"), ("client_secret", "secret")], &[]).unwrap();
        for (authenticated, method) in [(basic, "client_secret_basic"), (post, "client_secret_post")] {
            assert_eq!((authenticated.client.id.as_str(), authenticated.client.method), ("id", method));
            let secret = Requirement::Secret("secret".to_owned());
            assert_eq!(authenticated.conditions, [Condition { reason: Reason::WrongSecret, requirement: secret }]);
        }
    }

    #[test]
    fn a_malformed_request_is_rejected() {
        let Err(Refusal::Rejected(rejection)) = authenticate(&[], &[("authorization", "Basic !")]) else {
            panic!("rejected")
        };
        assert_eq!(rejection.reason.code(), "header-malformed");
    }

    #[test]
    fn neither_a_verdict_nor_a_rejection_shows_the_secret() {
        let verdict = authenticate(&[("client_id", "id"), ("client_secret", "hunter2")], &[]);
        let refusal = authenticate(&[("client_secret", "hunter2")], &[]);
        assert!(verdict.is_ok() && refusal.is_err());
        assert!(!format!("{verdict:?}{refusal:?}").contains("hunter2"));
    }
}
