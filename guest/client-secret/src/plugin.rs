//! The plug-in: its names, what it reads of a request, and the trait that it is exported by. It has no properties.
//!
//! It reads the credential and leaves the rest to the host: whether the client is registered, for which method, and
//! whether the secret is the client's. So an unknown client costs as much time as a wrong secret.

use dropins_plugin::{
    Authenticated, Authenticator, Client, Condition, Description, Fields, Problem, Request, Requirement, Services,
    property,
};

use crate::credential::{Credential, Method};
use crate::reason::{Reason, Refusal, Report};
use crate::request::is_engaged;

/// The authenticator of client secrets.
#[derive(Debug)]
pub struct ClientSecret;

impl Authenticator for ClientSecret {
    type Reason = Reason;
    type Policy = ();

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

    fn policy(properties: Fields<'_, '_>) -> Result<(), Vec<Problem>> {
        property::none(properties)
    }

    fn can_authenticate(_: Fields<'_, '_>, request: &Request<'_>) -> bool {
        is_engaged(request)
    }

    fn claimed_client(request: &Request<'_>) -> Option<String> {
        let credential = Credential::from_request(request).map(|credential| credential.client_id);
        credential.ok().or_else(|| request.parameter("client_id").map(str::to_owned))
    }

    fn authenticate(
        (): &(),
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
    use dropins_plugin::testing::{Asked, TestClient, TestRequest, TestServer};

    use super::*;

    fn server() -> TestServer {
        TestServer::default().client(TestClient::new("id").secret("secret"))
    }

    fn basic(value: &str) -> TestRequest {
        TestRequest::default().header("Authorization", value)
    }

    fn post(id: &str, secret: &str) -> TestRequest {
        TestRequest::default().form("client_id", id).form("client_secret", secret)
    }

    #[test]
    fn a_credential_is_a_claim_on_the_condition_that_the_secret_is_right() {
        let server = server();
        for (request, method) in
            [(basic("basic aWQ6c2VjcmV0"), "client_secret_basic"), (post("id", "secret"), "client_secret_post")]
        {
            let judged = server.judge::<ClientSecret>(&request);
            let authenticated = judged.authenticated().unwrap();
            assert_eq!((judged.verdict, authenticated.client.method), ("authenticated", method));
            let secret = Requirement::Secret("secret".to_owned());
            assert_eq!(authenticated.conditions, [Condition { reason: Reason::WrongSecret, requirement: secret }]);
        }
        assert_eq!(server.judge::<ClientSecret>(&post("id", "other")).verdict, "wrong-secret");
        assert_eq!(server.judge::<ClientSecret>(&post("other", "secret")).verdict, "unknown-client");
        assert_eq!(server.asked(), Asked::default(), "the plug-in looks no client up");
    }

    #[test]
    fn a_malformed_request_is_rejected_and_another_kind_is_not_claimed() {
        assert_eq!(server().judge::<ClientSecret>(&basic("Basic !")).verdict, "header-malformed");
        assert_eq!(server().judge::<ClientSecret>(&basic("Bearer eA")).verdict, "unclaimed");
    }

    #[test]
    fn no_property_is_known() {
        assert_eq!(server().check_config::<ClientSecret>(), (Vec::new(), Vec::new()));
        let (problems, _) = server().property("Mode", "strict").check_config::<ClientSecret>();
        assert_eq!(problems.first().map(|problem| problem.property.as_str()), Some("Mode"));
    }

    #[test]
    fn neither_a_verdict_nor_a_rejection_shows_the_secret() {
        let (verdict, refusal) = (
            server().judge::<ClientSecret>(&post("id", "hunter2")),
            server().judge::<ClientSecret>(&post("", "hunter2")),
        );
        assert_eq!((verdict.verdict, refusal.verdict), ("wrong-secret", "client-id-missing"));
        assert!(!format!("{verdict:?}{refusal:?}").contains("hunter2"));
    }
}
