//! Why listener entries and components do not make a generation; everything that is wrong is reported at once.

use dropins_host::{BindError, Binding, Digest, Generation, Listener, Problem};

use crate::fixtures::{Fixture, LOOP, times};
use crate::services::services;
use crate::{ENGINE, listener, validated};

async fn bound(listeners: &[Listener], fixtures: &[Fixture]) -> Result<Generation, Vec<BindError>> {
    let plugins = validated(&ENGINE, fixtures).await;
    Generation::assemble(&ENGINE, services(), &(), 7, listeners, &plugins).await
}

async fn errors(listeners: &[Listener], fixtures: &[Fixture]) -> Vec<BindError> {
    bound(listeners, fixtures).await.err().expect("it was not refused")
}

fn by_file(file: &str) -> Listener {
    Listener { binding: Binding::File(file.to_owned()), ..listener(file, 0) }
}

#[tokio::test]
async fn a_name_an_alias_and_a_file_bind() {
    let fixtures = [Fixture::named("one"), Fixture::named("two").alias("org.example.Two"), Fixture::named("three")];
    let listeners = [listener("one", 1), listener("org.example.Two", 2), by_file("three.wasm")];
    let generation = bound(&listeners, &fixtures).await.unwrap();
    let files: Vec<_> = generation.handlers().iter().map(dropins_host::Handler::file).collect();
    assert_eq!(files, ["three.wasm", "one.wasm", "two.wasm"]);
    assert_eq!(generation.number(), 7);
    assert_eq!(generation.methods(), ["fixture"]);
}

#[tokio::test]
async fn a_component_without_an_entry_is_harmless() {
    let idle = Fixture::named("idle").can_authenticate("(unreachable)").check_config(LOOP);
    let generation = bound(&[listener("one", 1)], &[Fixture::named("one"), idle]).await.unwrap();
    let [handler] = generation.handlers() else { panic!() };
    assert_eq!(handler.file(), "one.wasm");
}

#[tokio::test]
async fn no_entry_at_all_is_rejected() {
    assert_eq!(errors(&[], &[Fixture::named("one")]).await, [BindError::Empty]);
}

#[tokio::test]
async fn an_entry_that_names_no_plug_in_says_which_there_are() {
    let [error] = &errors(&[listener("One", 0)], &[Fixture::named("one")]).await[..] else { panic!() };
    assert!(matches!(error, BindError::NoPlugin { .. }));
    assert!(error.to_string().contains("`One-listener`") && error.to_string().contains("one (one.wasm)"), "{error}");
    let [error] = &errors(&[by_file("absent.wasm")], &[]).await[..] else { panic!() };
    assert!(error.to_string().ends_with("present are: none"), "{error}");
}

#[tokio::test]
async fn two_components_of_one_name_are_ambiguous_and_both_are_named() {
    let second = Fixture::named("other").alias("one");
    let [error] = &errors(&[listener("one", 0)], &[Fixture::named("one"), second.clone()]).await[..] else { panic!() };
    let BindError::Ambiguous { files, .. } = error else { panic!("{error}") };
    assert_eq!(files, "one.wasm, other.wasm");
    let generation = bound(&[by_file("one.wasm")], &[Fixture::named("one"), second]).await.unwrap();
    assert_eq!(generation.handlers().len(), 1, "binding by file resolves it");
}

#[tokio::test]
async fn two_entries_cannot_run_plug_ins_of_one_name() {
    let twice = errors(&[listener("one", 0), by_file("one.wasm")], &[Fixture::named("one")]).await;
    assert!(matches!(&twice[..], [BindError::SameName { name, .. }] if name == "one"), "{twice:?}");
    assert!(twice[0].to_string().contains("`one-listener`") && twice[0].to_string().contains("`one.wasm-listener`"));
}

#[tokio::test]
async fn a_pin_lets_exactly_its_bytes_run() {
    let digest = Fixture::named("one").candidate().digest();
    let pinned = |pin| [Listener { pin: Some(pin), ..listener("one", 0) }];
    let generation = bound(&pinned(digest), &[Fixture::named("one")]).await.unwrap();
    assert_eq!(generation.handlers()[0].id().digest, digest);
    let other = Digest::of(b"other");
    let refused = errors(&pinned(other), &[Fixture::named("one")]).await;
    let expected = BindError::Pin {
        listener: "one-listener".to_owned(),
        pinned: other,
        file: "one.wasm".to_owned(),
        found: digest,
    };
    assert_eq!(refused, [expected]);
}

/// Answers with two problems about the first property, and with none when there is no property.
fn picky() -> Fixture {
    // A property and a problem are both two strings; the answer is the list of properties, twice.
    let body = "(i32.store (global.get $answer) (local.get $properties))
        (i32.store offset=4 (global.get $answer) (local.get $properties_len)) (global.get $answer)";
    Fixture::named("picky").check_config(body)
}

#[tokio::test]
async fn every_problem_with_the_properties_is_reported() {
    bound(&[listener("picky", 0)], &[picky()]).await.unwrap();
    let properties = [("A", "must be 1"), ("B", "must be 2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let entry = Listener { properties: properties.to_vec(), ..listener("picky", 0) };
    let [error] = &errors(&[entry], &[picky()]).await[..] else { panic!() };
    let BindError::Properties { problems, .. } = error else { panic!("{error}") };
    assert_eq!(problems[0], Problem { property: "A".to_owned(), message: "must be 1".to_owned() });
    assert_eq!(error.to_string(), "listener `picky-listener`: A: must be 1; B: must be 2");
}

#[tokio::test]
async fn what_a_plug_in_logs_about_good_properties_is_a_warning() {
    let emit = "(call $emit (i32.const 2) (global.get $text) (global.get $text_len))";
    let body = format!("{} (global.get $nothing)", times(2, emit));
    let fixture = Fixture::named("wordy").text("not wise").check_config(&body);
    let generation = bound(&[listener("wordy", 0)], &[fixture]).await.unwrap();
    assert_eq!(generation.handlers()[0].warnings(), ["not wise", "not wise"]);
}

#[tokio::test]
async fn a_plug_in_that_fails_its_canary_is_rejected() {
    let canaries = [
        (Fixture::named("one").can_authenticate("(i32.const 1)"), "a request that carries no credential"),
        (Fixture::named("one").can_authenticate("(unreachable)"), "trapped"),
        (Fixture::named("one").check_config("(unreachable)"), "trapped"),
    ];
    for (fixture, reason) in canaries {
        let [error] = &errors(&[listener("one", 0)], &[fixture]).await[..] else { panic!() };
        assert!(matches!(error, BindError::Canary { .. }) && error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn all_errors_of_all_entries_are_reported_together() {
    let fixtures = [
        Fixture::named("good"),
        Fixture::named("twin"),
        Fixture::named("other").alias("twin"),
        picky(),
        Fixture::named("greedy").can_authenticate("(i32.const 1)"),
    ];
    let listeners = [
        listener("good", 0),
        listener("absent", 1),
        listener("twin", 2),
        by_file("good.wasm"),
        Listener { pin: Some(Digest::of(b"other")), ..by_file("other.wasm") },
        Listener { properties: vec![("A".to_owned(), "wrong".to_owned())], ..listener("picky", 5) },
        listener("greedy", 6),
    ];
    let errors = errors(&listeners, &fixtures).await;
    let kinds: Vec<_> = errors
        .iter()
        .map(|error| match error {
            BindError::Empty => "empty",
            BindError::NoPlugin { .. } => "no plug-in",
            BindError::Ambiguous { .. } => "ambiguous",
            BindError::SameName { .. } => "same name",
            BindError::Pin { .. } => "pin",
            BindError::Properties { .. } => "properties",
            BindError::Canary { .. } => "canary",
        })
        .collect();
    assert_eq!(kinds, ["no plug-in", "ambiguous", "same name", "pin", "properties", "canary"]);
}
