//! The host against plug-ins that misbehave, and against the ones that ship.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod binding;
mod breaker;
mod canary;
mod claims;
mod compatibility;
mod conditions;
mod containment;
mod fairness;
mod fixtures;
mod hand_linked;
mod isolation;
mod limits;
mod loading;
mod log;
mod metering;
mod naming;
mod retries;
mod services;
mod shadow;
mod shipped;
mod swap;

use std::sync::LazyLock;
use std::time::Duration;

use dropins_host::services::Services;
use dropins_host::{
    Binding, Client, Decision, Engine, Generation, Isolation, Limits, Listener, Request, Validated, Verdict,
};

use crate::fixtures::Fixture;

/// The engine of every test that is not about a limit. Its deadlines are long, because the machine may be busy, and it
/// lets tests call the host often.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let (call_deadline, load_deadline) = (Duration::from_secs(30), Duration::from_secs(60));
    let import_calls = 20_000;
    Engine::new(Limits { call_deadline, load_deadline, import_calls, ..Limits::default() }, None).unwrap()
});

/// A listener entry that binds a plug-in by its name.
fn listener(name: &str, order: i64) -> Listener {
    Listener {
        id: format!("{name}-listener"),
        binding: Binding::Name(name.to_owned()),
        order,
        properties: Vec::new(),
        pin: None,
        isolation: Isolation::Fresh,
        shadow: None,
    }
}

async fn validated(engine: &Engine, fixtures: &[Fixture]) -> Vec<Validated> {
    let mut plugins = Vec::new();
    for fixture in fixtures {
        plugins.push(fixture.candidate().validate(engine).await.unwrap());
    }
    plugins
}

/// A generation of these plug-ins, asked in this order.
async fn generation(engine: &Engine, services: Services, fixtures: &[Fixture]) -> Generation {
    let plugins = validated(engine, fixtures).await;
    let listeners: Vec<_> =
        plugins.iter().zip(0..).map(|(plugin, order)| listener(&plugin.description().name, order)).collect();
    Generation::assemble(engine, services, &(), 1, &listeners, &plugins).await.unwrap()
}

/// A request to the token endpoint with these form parameters.
fn request(form: &[(&str, &str)]) -> Request {
    Request {
        endpoint: "https://as.example/oauth2/token".to_owned(),
        issuer: "https://as.example".to_owned(),
        token_endpoint: "https://as.example/oauth2/token".to_owned(),
        form: form.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ..Request::default()
    }
}

/// What one plug-in alone makes of a request that it looks at.
async fn judged(engine: &Engine, services: Services, fixture: Fixture) -> Decision {
    generation(engine, services, &[fixture]).await.authenticate(&request(&[("token", "x")])).await
}

/// The client of a verdict that must be a good one.
fn authenticated(decision: &Decision) -> &Client {
    match &decision.verdict {
        Verdict::Authenticated(client) => client,
        other => panic!("not authenticated: {other:?}"),
    }
}
