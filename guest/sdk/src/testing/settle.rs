//! Conditions are settled as the host settles them: in their order, for a client that may use the method.

use super::judged::Outcome;
use super::server::TestServer;
use crate::authenticator::Authenticated;
use crate::condition::{Requirement, Unused};
use crate::rule::Reason;

impl TestServer {
    /// What the host makes of an answer.
    pub(super) fn settle<R: Reason>(&self, outcome: &Outcome<R>) -> &'static str {
        match outcome {
            Outcome::Unclaimed => "unclaimed",
            Outcome::Unavailable(_) => "unavailable",
            Outcome::Rejected(rejection) => rejection.reason.code(),
            Outcome::Authenticated(authenticated) => self.hold(authenticated).err().unwrap_or("authenticated"),
        }
    }

    /// Whether every condition holds; the error is the reason code of the first that does not.
    fn hold<R: Reason>(&self, authenticated: &Authenticated<R>) -> Result<(), &'static str> {
        let Authenticated { client, conditions } = authenticated;
        let found = self.clients.iter().find(|found| found.registration.id == client.id);
        let other = |found: &&super::client::TestClient| {
            found.registration.auth_method.as_deref().is_some_and(|method| method != client.method)
        };
        let refused = match found {
            None => Err("unknown-client"),
            Some(found) if other(&found) => Err("method-not-registered"),
            Some(_) => Ok(()),
        };
        for condition in conditions {
            let holds = match &condition.requirement {
                Requirement::Secret(secret) => found.is_some_and(|found| found.secret.as_ref() == Some(secret)),
                Requirement::NotAfter(time) => self.now / 1000 <= *time,
                Requirement::Unused(unused) => {
                    refused?;
                    self.is_first(&client.id, unused)
                }
            };
            if !holds {
                refused?;
                return Err(condition.reason.code());
            }
        }
        refused
    }

    /// Consumes an identifier; whether it was unused.
    fn is_first(&self, client: &str, unused: &Unused) -> bool {
        let known = self.consumed.borrow().iter().any(|known| {
            known.client == client
                && known.unused.identifier == unused.identifier
                && known.unused.expires_at > self.now / 1000
        });
        if !known {
            self.consume(client, unused.clone());
        }
        !known
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TestClient, TestRequest};
    use super::*;
    use crate::{
        Authenticator, Client, Condition, Description, Fields, Level, Problem, Refusal, Report, Request, Services,
    };

    #[expect(unreachable_pub, dead_code, reason = "the macro declares what a plug-in exports")]
    mod rules {
        crate::rules! {
            WrongSecret "wrong-secret" InvalidClient "The secret is right." "a test" "Send it.";
            Replayed "replayed" InvalidClient "The identifier is unused." "a test" "Send another.";
            Over "over" InvalidClient "The time is not over." "a test" "Hurry.";
        }
    }
    use rules::Reason;

    /// Vouches for `client` with the secret, the identifier `one` and the time of the form.
    struct Vouching;

    impl Authenticator for Vouching {
        type Reason = Reason;
        type Policy = ();

        const DESCRIPTION: Description = Description {
            name: "vouching",
            aliases: &[],
            version: "1",
            summary: "",
            methods: &["vouched"],
            reads: &["form:secret", "form:until", "header:x-reads"],
            assertion_types: &[],
        };

        fn policy(properties: Fields<'_, '_>) -> Result<(), Vec<Problem>> {
            crate::property::none(properties)
        }

        fn warnings(_: Fields<'_, '_>) -> Vec<String> {
            vec!["checked".to_owned()]
        }

        fn can_authenticate(_: Fields<'_, '_>, request: &Request<'_>) -> bool {
            assert_eq!(request.parameter("hidden"), None);
            true
        }

        fn claimed_client(_: &Request<'_>) -> Option<String> {
            None
        }

        fn authenticate(
            (): &(),
            request: &Request<'_>,
            services: &Services<'_>,
            _: &mut Report<Reason>,
        ) -> Result<Authenticated<Reason>, Refusal<Reason>> {
            services.log.warn("vouched");
            let until = request.parameter("until").and_then(|until| until.parse().ok()).unwrap_or(u64::MAX);
            let unused = Unused {
                identifier: "one".to_owned(),
                issued_at: None,
                expires_at: request.now / 1000 + 60,
                cached: true,
                retry_window: 0,
            };
            let secret = request.parameter("secret").unwrap_or_default().to_owned();
            let condition = |reason, requirement| Condition { reason, requirement };
            Ok(Authenticated {
                client: Client { id: "client".to_owned(), method: "vouched", attributes: Vec::new() },
                conditions: vec![
                    condition(Reason::WrongSecret, Requirement::Secret(secret)),
                    condition(Reason::Over, Requirement::NotAfter(until)),
                    condition(Reason::Replayed, Requirement::Unused(unused)),
                ],
            })
        }
    }

    fn server() -> TestServer {
        TestServer::default().client(TestClient::new("client").method("vouched").secret("right"))
    }

    fn verdict(server: &TestServer, secret: &str, until: &str) -> &'static str {
        let request = TestRequest::default().form("secret", secret).form("until", until).form("hidden", "x");
        server.judge::<Vouching>(&request).verdict
    }

    #[test]
    fn each_condition_has_its_own_reason_and_a_failure_consumes_nothing() {
        let mut server = server();
        assert_eq!(verdict(&server, "wrong", "1700000000"), "wrong-secret");
        assert_eq!(verdict(&server, "right", "1699999999"), "over");
        assert!(server.consumed().is_empty());
        assert_eq!(verdict(&server, "right", "1700000000"), "authenticated");
        assert_eq!(verdict(&server, "right", "1700000000"), "replayed");
        server.now += 60_000;
        assert_eq!(verdict(&server, "right", "1700000060"), "authenticated", "the identifier is free again");
    }

    #[test]
    fn an_unknown_client_and_one_of_another_method_are_rejected_by_the_host() {
        let mut server = server();
        server.clients[0].registration.auth_method = Some("other".to_owned());
        assert_eq!(verdict(&server, "right", ""), "method-not-registered");
        server.clients.clear();
        assert_eq!(verdict(&server, "right", ""), "unknown-client");
        assert!(server.consumed().is_empty());
    }

    #[test]
    fn a_request_without_a_declared_field_reaches_no_plug_in() {
        let judged = server().judge::<Vouching>(&TestRequest::default().form("hidden", "x").header("X-Other", "x"));
        assert_eq!((judged.verdict, judged.outcome), ("unclaimed", Outcome::Unclaimed));
        let judged = server().judge::<Vouching>(&TestRequest::default().header("X-Reads", "x"));
        assert_eq!(judged.log, [(Level::Warn, "vouched".to_owned())]);
        assert_eq!(server().check_config::<Vouching>().1, [(Level::Warn, "checked".to_owned())]);
    }
}
