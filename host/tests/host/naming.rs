//! Names of components that are known before they are compiled, and components that nothing names.

use dropins_host::{Binding, Candidate, CandidateRefusal, Listener, named_candidates};

use crate::fixtures::Fixture;
use crate::{ENGINE, listener};

#[tokio::test]
async fn a_section_that_agrees_with_the_description_is_accepted() {
    let named = Fixture::named("named").alias("org.example.Named");
    let candidate = named.clone().section("named\norg.example.Named\n").candidate();
    assert_eq!(candidate.names(), ["named", "org.example.Named"]);
    candidate.validate(&ENGINE).await.unwrap();
}

#[tokio::test]
async fn a_section_that_differs_from_the_description_is_rejected() {
    for section in ["other", "named\norg.example.Named", "named\nnamed"] {
        let rejected = Fixture::named("named").section(section).candidate().validate(&ENGINE).await.unwrap_err();
        assert!(matches!(rejected.reason, CandidateRefusal::Names { .. }), "{rejected}");
        assert!(rejected.to_string().contains("describes itself as named"), "{rejected}");
    }
}

#[tokio::test]
async fn an_empty_section_is_rejected() {
    let candidate = Fixture::named("named").section("").candidate();
    assert!(candidate.names().is_empty());
    let rejected = candidate.validate(&ENGINE).await.unwrap_err();
    assert!(matches!(rejected.reason, CandidateRefusal::Contract(_)), "{rejected}");
}

#[test]
fn without_a_section_the_name_of_the_file_counts() {
    assert_eq!(Candidate::new("stranger.wasm", b"not even a component".as_slice()).names(), ["stranger"]);
}

#[test]
fn candidates_that_no_listener_names_are_not_needed() {
    let bytes = |section: &str| Fixture::named("named").section(section).component();
    let candidates = [
        Candidate::new("one.wasm", bytes("first\norg.example.First")),
        Candidate::new("second.wasm", Fixture::named("anything").component()),
        Candidate::new("third.wasm", bytes("third")),
        Candidate::new("next.wasm", bytes("first")),
        Candidate::new("first.wasm", bytes("innocent")),
        Candidate::new("stranger.wasm", bytes("stranger")),
    ];
    let listeners = [
        Listener { shadow: Some("next.wasm".to_owned()), ..listener("org.example.First", 0) },
        listener("second", 1),
        Listener { binding: Binding::File("third.wasm".to_owned()), ..listener("third", 2) },
    ];
    let needed: Vec<_> = named_candidates(&listeners, &candidates).into_iter().map(Candidate::file).collect();
    assert_eq!(needed, ["one.wasm", "second.wasm", "third.wasm", "next.wasm"]);
}

#[tokio::test]
async fn a_component_that_costs_too_much_to_compile_is_rejected_before_the_compiler_sees_it() {
    let sets = (0..900).map(|local| format!("(local.set $v{local} (local.get $v{}))", (7 * local + 1) % 900));
    let body = (0..300).fold(sets.collect::<String>(), |inner, label| {
        format!("(loop $l{label} {inner} (br_if $l{label} (local.get $v{label})))")
    });
    let locals: String = (0..900).map(|local| format!("(local $v{local} i32)")).collect();
    let bomb = Fixture::named("bomb").functions(&format!("(func $bomb {locals} {body})"));
    let started = std::time::Instant::now();
    let rejected = bomb.authenticate("(call $bomb) (unreachable)").candidate().validate(&ENGINE).await.unwrap_err();
    assert!(matches!(rejected.reason, CandidateRefusal::Cost(_)), "{rejected}");
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}
