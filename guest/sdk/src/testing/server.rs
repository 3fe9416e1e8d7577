//! The server of a test.

use std::cell::RefCell;
use std::rc::Rc;

use super::asked::Asked;
use super::client::{TestClient, TestIssuer};
use super::judged::{Judged, Outcome};
use super::request::TestRequest;
use super::services::Desk;
use crate::authenticator::{Authenticator, Problem};
use crate::condition::Unused;
use crate::rejection::Refusal;
use crate::report::Report;
use crate::request::Request;
use crate::services::{Level, Services};

/// A server made of values. Every field may be changed between two requests.
#[derive(Debug)]
pub struct TestServer {
    /// Issuer identifier: `https://server.example`.
    pub issuer: String,
    /// URL of the token endpoint: `https://server.example/oauth2/token`.
    pub token_endpoint: String,
    /// Milliseconds since the Unix epoch; 2023-11-14T22:13:20Z.
    pub now: u64,
    /// Properties of the listener entry.
    pub properties: Vec<(String, String)>,
    /// Registered clients.
    pub clients: Vec<TestClient>,
    /// Trusted issuers.
    pub issuers: Vec<TestIssuer>,
    /// Whether the client directory is down.
    pub directory_down: bool,
    pub(super) consumed: RefCell<Vec<Consumed>>,
    pub(super) asked: Rc<RefCell<Asked>>,
}

/// An identifier that was consumed, with the client of the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumed {
    /// The client id.
    pub client: String,
    /// The identifier.
    pub unused: Unused,
}

impl Default for TestServer {
    fn default() -> Self {
        Self {
            issuer: "https://server.example".to_owned(),
            token_endpoint: "https://server.example/oauth2/token".to_owned(),
            now: 1_700_000_000_000,
            properties: Vec::new(),
            clients: Vec::new(),
            issuers: Vec::new(),
            directory_down: false,
            consumed: RefCell::default(),
            asked: Rc::default(),
        }
    }
}

impl TestServer {
    /// Registers a client.
    #[must_use]
    pub fn client(mut self, client: TestClient) -> Self {
        self.clients.push(client);
        self
    }

    /// Trusts an issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: TestIssuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Sets a property of the listener entry; a name may occur more than once.
    #[must_use]
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What the plug-in finds wrong with the properties, and what it logs about them.
    #[must_use]
    pub fn check_config<A: Authenticator>(&self) -> (Vec<Problem>, Vec<(Level, String)>) {
        let desk = Desk::new(self);
        let problems = A::check_config(&self.pairs(), &desk);
        (problems, desk.into_log())
    }

    /// Has the plug-in judge a request, and settles the conditions of its verdict.
    #[must_use]
    pub fn judge<A: Authenticator>(&self, request: &TestRequest) -> Judged<A::Reason> {
        let (desk, properties) = (Desk::new(self), self.pairs());
        let request = request.shown(self, A::DESCRIPTION.reads);
        let mut report = Report::on();
        let services = Services { clients: &desk, keys: &desk, log: &desk };
        let claimed = is_signalled(&request) && A::can_authenticate(&properties, &request);
        let answer = claimed.then(|| A::judge(&properties, &request, &services, &mut report));
        let explained = answer.as_ref().map(|answer| report.finish(answer)).unwrap_or_default();
        let outcome = match answer {
            None => Outcome::Unclaimed,
            Some(Ok(authenticated)) => Outcome::Authenticated(authenticated),
            Some(Err(Refusal::Rejected(rejection))) => Outcome::Rejected(rejection),
            Some(Err(Refusal::Unavailable(part))) => Outcome::Unavailable(part),
        };
        let (verdict, claimed_client) = (self.settle(&outcome), A::claimed_client(&request));
        Judged { outcome, verdict, explained, log: desk.into_log(), claimed_client }
    }

    /// The identifiers that were consumed, in their order.
    #[must_use]
    pub fn consumed(&self) -> Vec<Consumed> {
        self.consumed.borrow().clone()
    }

    /// Consumes an identifier without a request.
    pub fn consume(&self, client: &str, unused: Unused) {
        self.consumed.borrow_mut().push(Consumed { client: client.to_owned(), unused });
    }

    /// What plug-ins asked for.
    #[must_use]
    pub fn asked(&self) -> Asked {
        self.asked.borrow().clone()
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        self.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// Whether the request has a field that the plug-in reads; the client id alone is no credential.
fn is_signalled(request: &Request<'_>) -> bool {
    let parameter = request.form.iter().any(|(name, value)| *name != "client_id" && !value.is_empty());
    parameter || !request.headers.is_empty()
}
