//! Replacing a generation while requests are in flight.

use std::sync::Arc;

use dropins_host::Registry;
use dropins_host::services::Services;

use crate::fixtures::{Fixture, LOOKUP};
use crate::services::{Directory, Gate, services};
use crate::{ENGINE, authenticated, generation, request};

fn gated(gate: &Arc<Gate>) -> Services {
    Services {
        clients: Arc::new(Directory { gate: Some(Arc::clone(gate)), ..Directory::of(&["client"]) }),
        ..services()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_finish_on_the_generation_that_they_began_with() {
    let gate = Gate::shut();
    let slow = Fixture::named("old").authenticate(&format!("{LOOKUP} (global.get $authenticated)"));
    let registry = Arc::new(Registry::new(generation(&ENGINE, gated(&gate), &[slow]).await));
    let in_flight = tokio::spawn({
        let registry = Arc::clone(&registry);
        async move { registry.authenticate(&request(&[("token", "x")])).await }
    });
    gate.caller().await;

    let old = registry.publish(generation(&ENGINE, services(), &[Fixture::named("new")]).await);
    let fresh = registry.authenticate(&request(&[("token", "x")])).await;
    authenticated(&fresh);
    assert_eq!(fresh.plugin.unwrap().name, "new");
    assert!(!in_flight.is_finished());
    assert_eq!((old.in_flight(), registry.live().in_flight()), (1, 0));
    assert_eq!(Arc::strong_count(&old), 2, "the request in flight holds it");

    gate.open();
    let finished = in_flight.await.unwrap();
    authenticated(&finished);
    assert_eq!(finished.plugin.unwrap().name, "old");
    assert_eq!(Arc::strong_count(&old), 1, "only this test holds it");
    assert_eq!(old.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_judged_while_generations_come_and_go() {
    let one = |name| async move { generation(&ENGINE, services(), &[Fixture::named(name)]).await };
    let registry = Arc::new(Registry::new(one("first").await));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let registry = Arc::clone(&registry);
            tokio::spawn(async move {
                for _ in 0..200 {
                    authenticated(&registry.authenticate(&request(&[("token", "x")])).await);
                }
            })
        })
        .collect();
    for name in ["second", "third", "fourth"] {
        registry.publish(one(name).await);
        let decision = registry.authenticate(&request(&[("token", "x")])).await;
        assert_eq!(decision.plugin.unwrap().name, name, "new requests reach new code");
    }
    for client in clients {
        client.await.unwrap();
    }
}
