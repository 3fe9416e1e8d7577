//! What a plug-in must get right before it serves; the trial that it fails rejects it.

use std::sync::Arc;

use dropins_host::services::{Services, Unavailable, UnixMillis};
use dropins_host::{BindError, CanaryFailure, Digest, Engine, Expected, Generation, PluginId, Probe, Subject, Trial};

use crate::fixtures::{EMIT, Fixture, LOOP, ONCE, WRITE, times};
use crate::limits::STRICT;
use crate::log::Log;
use crate::services::{Ledger, services};
use crate::{ENGINE, authenticated, listener, request, validated};

/// Shows a plug-in the token of a throw-away client, twice.
pub(crate) struct Twice;

#[async_trait::async_trait]
impl Probe for Twice {
    async fn trials(&self, subject: &Subject<'_>, _now: UnixMillis) -> Result<Vec<Trial>, Unavailable> {
        assert_eq!(subject.description.methods, ["fixture"]);
        let services = Services { replay: Arc::new(Ledger::default()), ..services() };
        let trial = |name, expected| {
            let request = request(&[("token", "x")]);
            Trial { name, services: services.clone(), request, expected }
        };
        let client = Expected::Authenticated("client".to_owned());
        Ok(vec![trial("the token of a throw-away client", client), trial("the same token again", Expected::Refused)])
    }
}

/// Accepts every short token once.
fn good(name: &str) -> Fixture {
    Fixture::named(name).authenticate(ONCE)
}

async fn tried(engine: &Engine, fixture: &Fixture) -> Result<Generation, Vec<BindError>> {
    let plugins = validated(engine, std::slice::from_ref(fixture)).await;
    let entry = listener(&plugins[0].description().name, 0);
    Generation::assemble(engine, services(), &Twice, 1, &[entry], &plugins).await
}

/// How a plug-in failed its canary.
async fn failure(engine: &Engine, fixture: Fixture) -> (CanaryFailure, String) {
    let digest = fixture.candidate().digest();
    let errors = tried(engine, &fixture).await.err().expect("it passed");
    let [error @ BindError::Canary { plugin, failure, .. }] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!(plugin.digest, digest);
    let text = error.to_string();
    assert!(text.contains(&plugin.name) && text.contains(&digest.to_string()), "{text}");
    assert!(text.contains(&failure.trial) && text.contains(&failure.expected), "{text}");
    (CanaryFailure::clone(failure), text)
}

#[tokio::test]
async fn a_good_plug_in_passes_and_the_live_services_do_not_notice() {
    let replay = Arc::new(Ledger::default());
    let plugins = validated(&ENGINE, &[good("good")]).await;
    let live = Services { replay: replay.clone(), ..services() };
    let generation = Generation::assemble(&ENGINE, live, &Twice, 1, &[listener("good", 0)], &plugins).await.unwrap();
    assert_eq!(replay.remembered(), []);
    assert_eq!(generation.handlers()[0].counters().calls(), 0);
    authenticated(&generation.authenticate(&request(&[("token", "x")])).await);
}

const YES: &str = "(i32.const 1)";

#[tokio::test]
async fn what_a_plug_in_gets_wrong_is_named_with_what_was_expected() {
    const EMPTY: &str = "a request that carries no credential";
    const GARBAGE: &str = "a garbage credential";
    const TOKEN: &str = "the token of a throw-away client";
    const AGAIN: &str = "the same token again";
    let somebody_else = "(i32.store offset=4 (global.get $authenticated) (global.get $text))
        (i32.store offset=8 (global.get $authenticated) (global.get $text_len)) (global.get $authenticated)";
    let glutton = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)";
    let panics = format!("{WRITE} (unreachable)");
    let wrong = |name: &str| good(name).text("panicked at lib.rs:1");
    let cases: [(Fixture, &str, &str); 13] = [
        (wrong("greedy").can_authenticate(YES), EMPTY, "it claims the request"),
        (wrong("jumpy").can_authenticate("(unreachable)"), EMPTY, "it trapped"),
        (good("trusting").undiscerning().authenticate("(global.get $authenticated)"), GARBAGE, "the client `client`"),
        (
            wrong("brittle")
                .undiscerning()
                .can_authenticate("(if (local.get $form_len) (then (unreachable))) (i32.const 0)"),
            GARBAGE,
            "it trapped",
        ),
        (wrong("stuck").undiscerning().authenticate(&panics), GARBAGE, "it wrote: panicked at lib.rs:1"),
        (wrong("lost").undiscerning().authenticate("(global.get $unavailable)"), GARBAGE, "it could not decide"),
        (wrong("late").authenticate("(unreachable)"), TOKEN, "it trapped"),
        (wrong("panicking").authenticate(&panics), TOKEN, "it wrote: panicked at lib.rs:1"),
        (wrong("glutton").authenticate(glutton), TOKEN, "bytes of memory"),
        (wrong("stern").authenticate("(global.get $rejected)"), TOKEN, "it rejected the request: fixture-says-no"),
        (wrong("shy").can_authenticate("(i32.const 0)"), TOKEN, "it does not claim the request"),
        (wrong("mallory").text("somebody else").authenticate(somebody_else), TOKEN, "unknown-client"),
        (wrong("forgetful").authenticate("(global.get $authenticated)"), AGAIN, "it authenticated the client `client`"),
    ];
    for (fixture, trial, found) in cases {
        let (failure, text) = failure(&ENGINE, fixture).await;
        assert_eq!(failure.trial, trial, "{text}");
        assert!(failure.found.contains(found), "{text}");
    }
}

#[tokio::test]
async fn the_limits_of_the_canary_are_those_of_live_requests() {
    let (looping, _) = failure(&STRICT, good("looping").authenticate(LOOP)).await;
    assert!(looping.found.contains("did not answer within its deadline"), "{looping}");
}

#[tokio::test]
async fn what_a_plug_in_logged_before_it_failed_its_canary_is_in_the_log() {
    let log = Log::of_this_thread();
    let chatty = good("chatty").text("I am about to trap").authenticate(&format!("{EMIT} (unreachable)"));
    let digest = chatty.candidate().digest();
    failure(&ENGINE, chatty).await;
    let line = log.line("I am about to trap");
    assert!(line.contains("chatty") && line.contains(&digest.short()) && line.contains("canary"), "{line}");
}

#[tokio::test]
async fn a_flood_of_lines_is_cut_and_fails_no_plug_in() {
    let flood = format!("{} {}", times(10_000, EMIT), ONCE);
    tried(&ENGINE, &good("flooding").authenticate(&flood)).await.unwrap();
}

#[tokio::test]
async fn a_probe_that_cannot_make_its_trials_passes_no_plug_in() {
    struct Broken;
    #[async_trait::async_trait]
    impl Probe for Broken {
        async fn trials(&self, _subject: &Subject<'_>, _now: UnixMillis) -> Result<Vec<Trial>, Unavailable> {
            Err(Unavailable::new("the canary's key", "no randomness"))
        }
    }
    let plugins = validated(&ENGINE, &[good("good")]).await;
    let assembled = Generation::assemble(&ENGINE, services(), &Broken, 1, &[listener("good", 0)], &plugins).await;
    let error = assembled.err().unwrap().remove(0);
    assert!(error.to_string().contains("the canary's key is unavailable: no randomness"), "{error}");
    assert!(error.is_transient());
}

#[test]
fn a_failure_says_who_failed_what() {
    let error = BindError::Canary {
        listener: "one".to_owned(),
        file: "one.wasm".to_owned(),
        plugin: PluginId { name: "uno".to_owned(), digest: Digest::of(b"abc") },
        failure: Box::new(CanaryFailure {
            trial: "a garbage credential".to_owned(),
            expected: "a refusal".to_owned(),
            found: "it trapped".to_owned(),
            request: "token \"x\"".to_owned(),
            transient: false,
        }),
    };
    assert_eq!(
        error.to_string(),
        format!(
            "listener `one`: one.wasm (plug-in `uno`, {}) was tried out with a garbage credential: \
             expected was a refusal, but it trapped (the request had token \"x\")",
            Digest::of(b"abc")
        )
    );
}
