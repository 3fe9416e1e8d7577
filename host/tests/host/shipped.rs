//! The components that ship, through the whole host, with real keys and in-memory services.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dropins_components::{CLIENT_SECRET, PANICKING, PRIVATE_KEY_JWT};
use dropins_host::services::{Registration, Services};
use dropins_host::{Candidate, CheckState, Decision, FailureKind, Generation, Listener, Request, Validated, Verdict};
use dropins_keys::{Algorithm, KeyFamily, KeyInput, KeySet, SigningKey, StaticKeySource};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use wasmparser::{Operator, Parser, Payload};

use crate::log::Log;
use crate::services::{Directory, Keys, Ledger, NOW, services};
use crate::{ENGINE, authenticated, listener, request};

const CLIENT: &str = "nwU59qy9AsDqftmwLcfmkvOhvuYa";
const WSO2_NAME: &str = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator";

/// All components, compiled once for all tests.
async fn shipped() -> &'static [Validated] {
    static SHIPPED: OnceCell<Vec<Validated>> = OnceCell::const_new();
    let compile = || async {
        let mut plugins = Vec::new();
        for (file, bytes) in dropins_components::ALL {
            plugins.push(Candidate::new(file, bytes).validate(&ENGINE).await.unwrap());
        }
        plugins
    };
    SHIPPED.get_or_init(compile).await
}

/// A server with one client that has one key.
pub(crate) struct Server {
    pub(crate) key: SigningKey,
    replay: Arc<Ledger>,
    generation: Generation,
}

impl Server {
    async fn new(family: KeyFamily) -> Self {
        Self::with(family, &[], |_| {}).await
    }

    /// A server whose listener entry has these properties and whose services were changed.
    async fn with(family: KeyFamily, properties: &[(&str, &str)], change: impl FnOnce(&mut Services)) -> Self {
        let entry = listener("client_secret_authenticator", 900);
        Self::assemble(shipped().await, &[entry], family, properties, change).await
    }

    /// A server with nothing but this authenticator of assertions.
    pub(crate) async fn of(plugins: &[Validated], family: KeyFamily, properties: &[(&str, &str)]) -> Self {
        Self::assemble(plugins, &[], family, properties, |_| {}).await
    }

    async fn assemble(
        plugins: &[Validated],
        others: &[Listener],
        family: KeyFamily,
        properties: &[(&str, &str)],
        change: impl FnOnce(&mut Services),
    ) -> Self {
        let key = SigningKey::generate(family).unwrap();
        let pem = key.public_key_pem().unwrap();
        let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: pem.as_bytes() }], 0);
        assert_eq!(findings, []);
        let registration = Registration {
            id: CLIENT.to_owned(),
            auth_method: Some("private_key_jwt".to_owned()),
            ..Registration::default()
        };
        let replay = Arc::new(Ledger::default());
        let mut services = Services {
            clients: Arc::new(Directory {
                clients: HashMap::from([(CLIENT.to_owned(), registration)]),
                ..Directory::default()
            }),
            keys: Arc::new(StaticKeySource::new(HashMap::from([(CLIENT.to_owned(), Arc::new(keys))]))),
            replay: replay.clone(),
            ..services()
        };
        change(&mut services);
        let properties = properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let listeners = [&[Listener { properties, ..listener(WSO2_NAME, 899) }], others].concat();
        let generation = Generation::assemble(&ENGINE, services, &(), 1, &listeners, plugins).await.unwrap();
        Self { key, replay, generation }
    }

    pub(crate) async fn post(&self, assertion: &str) -> Decision {
        self.generation.authenticate(&assertion_request(assertion)).await
    }
}

fn claims(jti: &str) -> Value {
    json!({
        "iss": CLIENT, "sub": CLIENT, "aud": "https://as.example/oauth2/token",
        "jti": jti, "iat": NOW, "exp": NOW + 300,
    })
}

pub(crate) fn assertion(key: &SigningKey, algorithm: Algorithm, jti: &str) -> String {
    key.compact_jws(&json!({ "alg": algorithm.name(), "typ": "JWT" }), &claims(jti)).unwrap()
}

fn assertion_request(assertion: &str) -> Request {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    request(&[("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", assertion)])
}

fn reason(decision: &Decision) -> &str {
    match &decision.verdict {
        Verdict::Rejected(rejection) => &rejection.reason,
        other => panic!("not rejected: {other:?}"),
    }
}

#[tokio::test]
async fn an_assertion_authenticates_once_and_is_rejected_as_a_replay_under_every_algorithm() {
    for algorithm in Algorithm::ALL {
        // The post-quantum ones are accepted by name only.
        let named = [("AllowedAlgorithms", algorithm.name())];
        let server = Server::with(KeyFamily::for_algorithm(algorithm), &named, |_| {}).await;
        let assertion = assertion(&server.key, algorithm, "one");
        let decision = server.post(&assertion).await;
        let client = authenticated(&decision);
        assert_eq!((client.id.as_str(), client.method.as_str()), (CLIENT, "private_key_jwt"));
        assert_eq!((client.attribute("alg"), client.attribute("jti")), (Some(algorithm.name()), Some("one")));
        assert_eq!(decision.plugin.as_ref().unwrap().name, "private_key_jwt_authenticator");
        let evidence = &decision.evidence;
        assert_eq!(evidence.client_id.as_deref(), Some(CLIENT));
        assert_eq!(evidence.algorithm.as_deref(), Some(algorithm.name()));
        assert_eq!(evidence.key.as_ref().unwrap().thumbprint, server.key.thumbprint());

        assert_eq!(reason(&server.post(&assertion).await), "replayed");
    }
}

#[tokio::test]
async fn the_component_itself_verifies_when_it_is_told_to() {
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
        let guest = [("SignatureVerification", "guest")];
        let server = Server::with(KeyFamily::for_algorithm(algorithm), &guest, |_| {}).await;
        authenticated(&server.post(&assertion(&server.key, algorithm, "one")).await);
        let stranger = SigningKey::generate(KeyFamily::for_algorithm(algorithm)).unwrap();
        assert_eq!(reason(&server.post(&assertion(&stranger, algorithm, "two")).await), "signature-invalid");
    }
}

#[tokio::test]
async fn a_rejected_assertion_consumes_nothing() {
    let server = Server::new(KeyFamily::P256).await;
    let stranger = SigningKey::generate(KeyFamily::P256).unwrap();
    let refused = server.post(&assertion(&stranger, Algorithm::Es256, "one")).await;
    assert_eq!(reason(&refused), "signature-invalid");
    assert_eq!(refused.evidence.client_id.as_deref(), Some(CLIENT));
    assert_eq!(server.replay.remembered(), []);
    authenticated(&server.post(&assertion(&server.key, Algorithm::Es256, "one")).await);
    assert_eq!(server.replay.remembered().len(), 1);
}

#[tokio::test]
async fn garbage_is_rejected_and_never_a_failure() {
    let server = Server::new(KeyFamily::P256).await;
    for garbage in ["x", "..", "a.b.c", "\u{0}", &"A".repeat(1 << 16), &"e30.".repeat(3), "🔑.🔑.🔑"] {
        let decision = server.post(garbage).await;
        assert!(matches!(decision.verdict, Verdict::Rejected(_)), "{garbage:.20}: {decision:?}");
    }
    let everywhere = request(&[("client_assertion", "x"), ("client_assertion", "y")]);
    assert_eq!(reason(&server.generation.authenticate(&everywhere).await), "repeated-parameter");
}

#[tokio::test]
async fn an_assertion_and_a_secret_are_two_methods() {
    let server = Server::new(KeyFamily::P256).await;
    let good = assertion_request(&assertion(&server.key, Algorithm::Es256, "one"));
    let mut both = good.clone();
    let added =
        [("client_id", CLIENT), ("client_secret", "secret")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    both.form = both.form.iter().cloned().chain(added).collect();
    let basic = Request { headers: [("authorization".to_owned(), "Basic eDp5".to_owned())].into(), ..good.clone() };
    for twofold in [both, basic] {
        let decision = server.generation.authenticate(&twofold).await;
        assert!(matches!(&decision.verdict, Verdict::SeveralMethods(names) if names.len() == 2), "{decision:?}");
    }
    assert_eq!(server.replay.remembered(), []);
    authenticated(&server.generation.authenticate(&good).await);
}

#[tokio::test]
async fn whatever_is_down_makes_the_request_unavailable() {
    type Break = fn(&mut Services);
    let broken: [(&str, Break); 3] = [
        ("client directory", |services| services.clients = Arc::new(Directory { down: true, ..Directory::default() })),
        ("key source", |services| services.keys = Arc::new(Keys { delay: Duration::ZERO, down: true })),
        ("replay store", |services| services.replay = Arc::new(Ledger::down())),
    ];
    for (part, change) in broken {
        let server = Server::with(KeyFamily::P256, &[], change).await;
        let decision = server.post(&assertion(&server.key, Algorithm::Es256, "one")).await;
        assert!(matches!(&decision.verdict, Verdict::Unavailable(what) if what.contains(part)), "{part}: {decision:?}");
    }
}

#[tokio::test]
async fn an_unknown_client_costs_a_verification_too() {
    let server = Server::with(KeyFamily::P256, &[], |services| services.clients = Arc::new(Directory::default())).await;
    let decision = server.post(&assertion(&server.key, Algorithm::Es256, "one")).await;
    assert_eq!(reason(&decision), "unknown-client");
    assert_eq!(decision.evidence.key, None, "a decoy is no client's key");
}

#[tokio::test]
async fn an_explanation_names_every_rule_and_consumes_nothing() {
    let server = Server::new(KeyFamily::P256).await;
    let request = assertion_request(&assertion(&server.key, Algorithm::Es256, "one"));
    for _ in 0..2 {
        let explained = server.generation.explain(&request).await;
        authenticated(&explained);
        let checks = explained.explanation.unwrap();
        assert!(checks.len() > 30, "{}", checks.len());
        assert!(checks.iter().all(|check| check.state == CheckState::Passed), "{checks:#?}");
    }
    assert_eq!((server.replay.remembered().len(), server.replay.peeked().len()), (0, 2));
    authenticated(&server.generation.authenticate(&request).await);
    let explained = server.generation.explain(&request).await;
    let checks = explained.explanation.unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| check.state == CheckState::Failed).collect();
    assert!(matches!(&failed[..], [check] if check.reason == "replayed"), "{failed:?}");
}

#[tokio::test]
async fn the_metadata_is_what_the_plug_ins_accept() {
    let server =
        Server::with(KeyFamily::P256, &[("AllowedAlgorithms", "ES256"), ("AllowedAlgorithms", "PS256")], |_| {}).await;
    let methods = server.generation.methods();
    assert_eq!(methods, ["private_key_jwt", "client_secret_basic", "client_secret_post"]);
    let mut algorithms = server.generation.algorithms();
    algorithms.sort();
    assert_eq!(algorithms, ["ES256", "PS256"]);
}

#[tokio::test]
async fn wrong_properties_are_all_reported() {
    let properties = [("RejectBeforeInMinutes", "often"), ("PreventTokenReus", "true")];
    let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let entry = Listener { properties, ..listener(WSO2_NAME, 899) };
    let errors = Generation::assemble(&ENGINE, services(), &(), 1, &[entry], shipped().await).await.err().unwrap();
    let text = errors[0].to_string();
    assert!(text.contains("RejectBeforeInMinutes") && text.contains("PreventTokenReus"), "{text}");
}

#[tokio::test]
async fn without_an_assertion_no_plug_in_is_asked() {
    let server = Server::new(KeyFamily::P256).await;
    let decision = server.generation.authenticate(&request(&[("grant_type", "client_credentials")])).await;
    assert_eq!(decision.verdict, Verdict::NoMethod);
}

/// How many of the component's instructions multiply two 64-bit numbers into 128 bits.
fn wide_multiplications(component: &[u8]) -> usize {
    let wide = |operator: &Operator<'_>| matches!(operator, Operator::I64MulWideU | Operator::I64MulWideS);
    let count = |payload| match payload {
        Payload::CodeSectionEntry(body) => {
            let operators = body.get_operators_reader().unwrap();
            operators.into_iter().filter(|operator| wide(operator.as_ref().unwrap())).count()
        }
        _ => 0,
    };
    Parser::new(0).parse_all(component).map(|payload| count(payload.unwrap())).sum()
}

#[test]
fn the_component_that_verifies_signatures_multiplies_wide() {
    assert!(wide_multiplications(PRIVATE_KEY_JWT) > 100, "built without +wide-arithmetic");
    assert_eq!(wide_multiplications(&crate::fixtures::Fixture::named("plain").component()), 0);
}

#[test]
fn the_shipped_components_are_within_their_limits() {
    for (file, bytes) in [("private_key_jwt", PRIVATE_KEY_JWT), ("client_secret", CLIENT_SECRET)] {
        assert!(bytes.len() < 1 << 20, "{file}: {} bytes", bytes.len());
    }
}

#[tokio::test]
async fn a_retry_window_reaches_the_replay_store_only_when_it_is_configured() {
    for (properties, window) in [(&[][..], None), (&[("RetryWindowInSeconds", "30")], Some(Duration::from_secs(30)))] {
        let server = Server::with(KeyFamily::P256, properties, |_| {}).await;
        authenticated(&server.post(&assertion(&server.key, Algorithm::Es256, "one")).await);
        let attempt = server.replay.remembered().pop().unwrap().attempt;
        assert_eq!(attempt.map(|attempt| attempt.window), window);
    }
}

#[tokio::test]
async fn a_panic_is_in_the_log_with_file_and_line_on_one_line() {
    let log = Log::of_this_thread();
    let plugin = Candidate::new("panicking.wasm", PANICKING).validate(&ENGINE).await.unwrap();
    let entries = [listener("panicking", 0)];
    let generation = Generation::assemble(&ENGINE, services(), &(), 1, &entries, &[plugin]).await.unwrap();
    let decision = generation.authenticate(&request(&[("panic", "now")])).await;
    assert!(matches!(decision.verdict, Verdict::Failed(FailureKind::Trap, _)), "{decision:?}");
    let line = log.line("panicked at");
    assert!(line.contains("examples/panicking.rs:") && line.contains("the request asked for Some(\"now\")"), "{line}");
}
