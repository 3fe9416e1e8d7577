//! What the host settles after a plug-in has returned: for the client of the verdict, in order, the identifier last.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dropins_host::services::{ClientDirectory, Memory, Registration, ReplayStore, Services, Unavailable, Use};
use dropins_host::{Decision, Engine, Generation, Verdict};

use crate::fixtures::{Condition, Fixture, ONCE, UNUSED};
use crate::services::{Ledger, NOW, down, services};
use crate::{ENGINE, authenticated, generation, judged, request};

const HOUR: u64 = 3600;

/// A directory with the client `client`, whose secret is `secret`.
#[derive(Default)]
struct Secrets {
    unknown: bool,
    method: Option<&'static str>,
    lookup_down: bool,
    secrets_down: bool,
    checked: AtomicUsize,
}

#[async_trait::async_trait]
impl ClientDirectory for Secrets {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        let auth_method = self.method.map(str::to_owned);
        let client = Registration { id: client_id.to_owned(), auth_method, ..Registration::default() };
        if self.lookup_down { Err(down("client directory")) } else { Ok((!self.unknown).then_some(client)) }
    }

    async fn check_secret(&self, client_id: &str, secret: &str) -> Result<bool, Unavailable> {
        self.checked.fetch_add(1, Ordering::Relaxed);
        if self.secrets_down { Err(down("client directory")) } else { Ok((client_id, secret) == ("client", "secret")) }
    }
}

fn reason(decision: &Decision) -> &str {
    match &decision.verdict {
        Verdict::Authenticated(_) => "ok",
        Verdict::Rejected(rejection) => &rejection.reason,
        Verdict::Unavailable(_) => "unavailable",
        other => panic!("{other:?}"),
    }
}

/// The verdict on these conditions, how often a secret was checked, and what was consumed.
async fn settled(directory: Secrets, conditions: &[Condition]) -> (String, usize, usize) {
    let (clients, replay) = (Arc::new(directory), Arc::new(Ledger::default()));
    let services = Services { clients: clients.clone(), replay: replay.clone(), ..services() };
    let fixture = Fixture::named("one").conditions(conditions).authenticate(ONCE);
    let decision = judged(&ENGINE, services, fixture).await;
    (reason(&decision).to_owned(), clients.checked.load(Ordering::Relaxed), replay.remembered().len())
}

fn is(reason: &str, checked: usize, consumed: usize) -> (String, usize, usize) {
    (reason.to_owned(), checked, consumed)
}

#[tokio::test]
async fn a_secret_is_checked_once_whatever_is_wrong_and_the_reason_says_what() {
    let right = [Condition::Secret("secret")];
    let wrong = [Condition::Secret("Secret")];
    let unknown = || Secrets { unknown: true, ..Secrets::default() };
    let of = |method| Secrets { method: Some(method), ..Secrets::default() };
    assert_eq!(settled(Secrets::default(), &right).await, is("ok", 1, 0));
    assert_eq!(settled(of("fixture"), &right).await, is("ok", 1, 0));
    assert_eq!(settled(Secrets::default(), &wrong).await, is("fixture-says-no", 1, 0));
    for secret in [&right, &wrong] {
        assert_eq!(settled(unknown(), secret).await, is("unknown-client", 1, 0));
        assert_eq!(settled(of("private_key_jwt"), secret).await, is("method-not-registered", 1, 0));
    }
}

#[tokio::test]
async fn a_directory_that_is_down_fails_closed() {
    let lookup_down = Secrets { lookup_down: true, ..Secrets::default() };
    let secrets_down = Secrets { secrets_down: true, ..Secrets::default() };
    for directory in [lookup_down, secrets_down] {
        assert_eq!(settled(directory, &[Condition::Secret("secret"), UNUSED]).await.0, "unavailable");
    }
}

#[tokio::test]
async fn an_identifier_is_consumed_only_when_everything_else_holds() {
    assert_eq!(settled(Secrets::default(), &[Condition::Secret("secret"), UNUSED]).await, is("ok", 1, 1));
    assert_eq!(settled(Secrets::default(), &[Condition::Secret("x"), UNUSED]).await, is("fixture-says-no", 1, 0));
    let past = Condition::NotAfter(NOW - 1);
    assert_eq!(settled(Secrets::default(), &[past, UNUSED]).await, is("fixture-says-no", 0, 0));
    let unknown = Secrets { unknown: true, ..Secrets::default() };
    assert_eq!(settled(unknown, &[UNUSED]).await, is("unknown-client", 0, 0));
    let other = Secrets { method: Some("none"), ..Secrets::default() };
    assert_eq!(settled(other, &[UNUSED]).await, is("method-not-registered", 0, 0));
}

#[tokio::test]
async fn the_identifier_is_consumed_for_the_client_of_the_verdict() {
    let replay = Arc::new(Ledger::default());
    let services = Services { replay: replay.clone(), ..services() };
    let generation = generation(&ENGINE, services, &[Fixture::named("one").authenticate(ONCE)]).await;
    let decision = generation.authenticate(&request(&[("token", "x")])).await;
    let used = replay.remembered().remove(0);
    assert_eq!((&used.client_id, used.jti.as_str()), (&authenticated(&decision).id, "client"));
    let again = generation.authenticate(&request(&[("token", "x")])).await;
    assert_eq!(reason(&again), "fixture-says-no");
    assert_eq!(again.plugin.unwrap().name, "one");
}

#[tokio::test]
async fn an_identifier_reaches_at_most_25_hours_ahead() {
    let until = |expires_at| [Condition::Unused { identifier: "x", expires_at, retry_window: 0 }];
    assert_eq!(settled(Secrets::default(), &until(NOW + 25 * HOUR)).await, is("ok", 0, 1));
    for expires_at in [NOW + 25 * HOUR + 1, u64::MAX] {
        assert_eq!(settled(Secrets::default(), &until(expires_at)).await, is("horizon-too-far", 0, 0));
    }
}

#[tokio::test]
async fn conditions_that_the_contract_does_not_allow_are_rejected() {
    const LONG: &str = match std::str::from_utf8(&[b'x'; 256]) {
        Ok(text) => text,
        Err(_) => "",
    };
    let identifier = |identifier| Condition::Unused { identifier, expires_at: NOW, retry_window: 0 };
    for conditions in [
        &[UNUSED, UNUSED][..],
        &[UNUSED, Condition::Secret("secret")],
        &[Condition::NotAfter(NOW); 9],
        &[identifier("")],
        &[identifier(LONG)],
    ] {
        assert_eq!(settled(Secrets::default(), conditions).await, is("conditions-invalid", 0, 0));
    }
    assert_eq!(settled(Secrets::default(), &[identifier(&LONG[1..])]).await, is("ok", 0, 1));
    assert_eq!(settled(Secrets::default(), &[Condition::NotAfter(NOW); 8]).await, is("ok", 0, 0));
}

#[tokio::test]
async fn the_earliest_end_is_told_to_the_embedder_and_a_past_one_rejects() {
    let decide = async |conditions: &[Condition]| {
        let fixture = Fixture::named("one").conditions(conditions).authenticate(ONCE);
        judged(&ENGINE, services(), fixture).await
    };
    let decision =
        decide(&[Condition::NotAfter(NOW + 9), Condition::NotAfter(NOW), Condition::NotAfter(NOW + 5)]).await;
    authenticated(&decision);
    assert_eq!(decision.evidence.not_after, Some(NOW));
    assert_eq!(reason(&decide(&[Condition::NotAfter(NOW - 1)]).await), "fixture-says-no");
    assert_eq!(decide(&[]).await.evidence.not_after, None);
}

/// Notes how many requests hold a permit while the store is asked.
struct Watching {
    engine: Engine,
    seen: Mutex<Vec<usize>>,
}

#[async_trait::async_trait]
impl ReplayStore for Watching {
    async fn remember(&self, _used: Use) -> Result<Memory, Unavailable> {
        self.seen.lock().unwrap().push(self.engine.in_flight());
        Ok(Memory::First)
    }

    async fn peek(&self, _used: Use) -> Result<Memory, Unavailable> {
        Ok(Memory::First)
    }
}

#[tokio::test]
async fn neither_instance_nor_permit_is_held_while_the_store_is_asked() {
    let engine = Engine::new(ENGINE.limits().clone(), None).unwrap();
    let replay = Arc::new(Watching { engine: engine.clone(), seen: Mutex::default() });
    let services = Services { replay: replay.clone(), ..services() };
    let generation: Generation = generation(&engine, services, &[Fixture::named("one").authenticate(ONCE)]).await;
    authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
    assert_eq!(*replay.seen.lock().unwrap(), [0]);
}

#[tokio::test]
async fn another_credential_beside_an_assertion_is_two_methods_whatever_is_enabled() {
    let fixture = Fixture::named("one").reads(&["form:client_assertion"]).authenticate(ONCE);
    let replay = Arc::new(Ledger::default());
    let services = Services { replay: replay.clone(), ..services() };
    let generation = generation(&ENGINE, services, &[fixture]).await;
    let with = |form: &[(&str, &str)], header: Option<&str>| {
        let form = [&[("client_assertion", "x")], form].concat();
        let headers = header.map(|value| ("authorization".to_owned(), value.to_owned())).into_iter().collect();
        dropins_host::Request { headers, ..request(&form) }
    };
    for header in ["Bearer x", "Basic eDp5", "Digest x", ""] {
        let decision = generation.authenticate(&with(&[], Some(header))).await;
        let names = vec!["client_assertion".to_owned(), "authorization".to_owned()];
        assert_eq!(decision.verdict, Verdict::SeveralMethods(names), "{header}");
    }
    let secret = generation.authenticate(&with(&[("client_secret", "x")], None)).await;
    assert!(matches!(secret.verdict, Verdict::SeveralMethods(_)), "{secret:?}");
    assert_eq!(replay.remembered(), []);
    authenticated(&generation.authenticate(&with(&[("client_secret", "")], None)).await);
}

#[tokio::test]
async fn an_assertion_type_of_its_own_is_shown_to_no_other_plug_in_of_assertions() {
    const OWN: &str = "urn:x:own";
    let reads = ["form:client_assertion", "form:client_assertion_type"];
    let general = Fixture::named("general").reads(&reads);
    let special = Fixture::named("special").reads(&reads).assertion_types(&[OWN]);
    let generation = generation(&ENGINE, services(), &[general, special]).await;
    let post = |kind| request(&[("client_assertion", "x"), ("client_assertion_type", kind)]);
    let own = generation.authenticate(&post(OWN)).await;
    authenticated(&own);
    assert_eq!(own.plugin.unwrap().name, "special");
    let other = generation.authenticate(&post("urn:x:other")).await;
    assert!(matches!(&other.verdict, Verdict::SeveralMethods(names) if names.len() == 2), "{other:?}");
}
