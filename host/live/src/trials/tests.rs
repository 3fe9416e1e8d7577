//! The shipped plug-ins must pass under every combination of properties that they accept.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use dropins_host::services::{Clock as _, Memory, ReplayStore, Services, SystemClock, Use};
use dropins_host::{BindError, Binding, Candidate, Engine, Generation, Isolation, Limits, Listener, Validated};
use tokio::sync::OnceCell;

use super::throw_away::ThrowAway;
use super::*;

/// Its deadlines are long: the machine may be busy.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let (call_deadline, load_deadline) = (Duration::from_secs(30), Duration::from_secs(60));
    Engine::new(Limits { call_deadline, load_deadline, ..Limits::default() }, None).unwrap()
});

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

fn listener(name: &str, properties: &[(&str, &str)], isolation: Isolation) -> Listener {
    Listener {
        id: "listener".to_owned(),
        binding: Binding::Name(name.to_owned()),
        order: 1,
        properties: properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        pin: None,
        isolation,
        shadow: None,
    }
}

async fn assemble(listener: Listener) -> Result<Generation, Vec<BindError>> {
    let stranger = ThrowAway::new("none", dropins_keys::KeySet::default(), None, SystemClock.now());
    Generation::assemble(&ENGINE, stranger.services, &Canary, 1, &[listener], shipped().await).await
}

async fn passes(properties: &[(&str, &str)]) {
    let listener = listener("private_key_jwt_authenticator", properties, Isolation::Fresh);
    if let Err(errors) = assemble(listener).await {
        panic!("{properties:?}: {}", errors[0]);
    }
}

#[tokio::test]
async fn the_shipped_plug_ins_pass_with_and_without_reuse_of_instances() {
    for isolation in [Isolation::Fresh, Isolation::Pooled] {
        for name in ["private_key_jwt_authenticator", "client_secret_authenticator", "federated_jwt_authenticator"] {
            assemble(listener(name, &[], isolation)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn every_combination_of_the_properties_that_change_a_verdict_passes() {
    for reuse in ["true", "false"] {
        for audience in ["auto", "strict", "legacy"] {
            for profile in ["none", "fapi2"] {
                for verification in ["host", "guest"] {
                    passes(&[
                        ("PreventTokenReuse", reuse),
                        ("AudienceMode", audience),
                        ("Profile", profile),
                        ("SignatureVerification", verification),
                    ])
                    .await;
                }
            }
        }
    }
}

#[tokio::test]
async fn the_profiles_of_ecosystems_pass() {
    for profile in ["smart", "obbr"] {
        passes(&[("Profile", profile)]).await;
    }
}

#[tokio::test]
async fn the_narrowest_and_the_widest_values_pass() {
    passes(&[
        ("RejectBeforeInMinutes", "1"),
        ("ClockSkewInSeconds", "0"),
        ("MaxLifetimeInMinutes", "1"),
        ("RequireJti", "true"),
        ("EnableCacheForJTI", "false"),
        ("TokenEndpointAlias", "sampleurl"),
        ("CertificateValidity", "enforce"),
    ])
    .await;
    passes(&[
        ("RejectBeforeInMinutes", "0"),
        ("ClockSkewInSeconds", "3600"),
        ("MaxLifetimeInMinutes", "1440"),
        ("RequireJti", "false"),
        ("CertificateValidity", "ignore"),
    ])
    .await;
    passes(&[("preventTokenReuse", "False"), ("profile", "fapi2")]).await;
}

#[tokio::test]
async fn the_federated_plug_in_passes_with_every_algorithm_and_the_widest_and_narrowest_skew() {
    let properties = dropins_keys::Algorithm::ALL.map(|algorithm| ("AllowedAlgorithms", algorithm.name()));
    for property in properties.into_iter().chain([("ClockSkewInSeconds", "0"), ("ClockSkewInSeconds", "3600")]) {
        if let Err(errors) = assemble(listener("federated_jwt_authenticator", &[property], Isolation::Fresh)).await {
            panic!("{property:?}: {}", errors[0]);
        }
    }
}

#[tokio::test]
async fn every_algorithm_alone_passes() {
    for algorithm in dropins_keys::Algorithm::ALL {
        passes(&[("AllowedAlgorithms", algorithm.name())]).await;
        if algorithm != dropins_keys::Algorithm::Es512 {
            passes(&[("AllowedAlgorithms", algorithm.name()), ("SignatureVerification", "guest")]).await;
        }
    }
    passes(&[("AllowedAlgorithms", "PS256"), ("Profile", "fapi2")]).await;
}

/// A replay store that must not be asked.
struct Untouchable;

#[async_trait]
impl ReplayStore for Untouchable {
    async fn remember(&self, _used: Use) -> Result<Memory, Unavailable> {
        panic!("a trial used an assertion of the server up")
    }

    async fn peek(&self, _used: Use) -> Result<Memory, Unavailable> {
        panic!("a trial asked the server's replay store")
    }
}

#[tokio::test]
async fn the_trials_touch_nothing_of_the_server() {
    let stranger = ThrowAway::new("none", dropins_keys::KeySet::default(), None, SystemClock.now());
    let services = Services { replay: Arc::new(Untouchable), ..stranger.services };
    let listener = listener("private_key_jwt_authenticator", &[], Isolation::Fresh);
    let generation = Generation::assemble(&ENGINE, services, &Canary, 1, &[listener], shipped().await).await.unwrap();
    assert_eq!((generation.handlers()[0].counters().calls(), generation.in_flight()), (0, 0));
    assert_eq!(ENGINE.in_flight(), 0);
}

#[tokio::test]
async fn of_an_unknown_method_nothing_is_tried() {
    let description = dropins_host::Description {
        name: "one".to_owned(),
        aliases: Vec::new(),
        version: "1".to_owned(),
        summary: String::new(),
        methods: vec!["tls_client_auth".to_owned()],
        reads: vec!["header:client-cert".to_owned()],
        assertion_types: Vec::new(),
    };
    let subject = Subject { description: &description, algorithms: &["ES256".to_owned()], properties: &[] };
    assert_eq!(Canary.trials(&subject, 0).await.unwrap().len(), 0);
}
