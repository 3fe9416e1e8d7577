//! What a component must be before it is published, and how a rejection names what it is not.

use std::path::{Path, PathBuf};

use dropins_host::{
    ApiVersion, Candidate, CandidateError, CandidateRefusal, ContractError, DescriptionError, Engine, Failure,
};

use crate::fixtures::{Fixture, LOOKUP};
use crate::services::services;
use crate::{ENGINE, authenticated, judged};

async fn refused(candidate: Candidate) -> CandidateError {
    match candidate.validate(&ENGINE).await {
        Ok(plugin) => panic!("{plugin:?} is not refused"),
        Err(error) => error,
    }
}

async fn contract_error(candidate: Candidate) -> ContractError {
    match refused(candidate).await.reason {
        CandidateRefusal::Contract(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_good_component_is_described_by_its_own_words() {
    let fixture = Fixture::named("good").alias("org.example.Good").reads(&["form:token", "header:dpop"]);
    let candidate = fixture.candidate();
    let digest = candidate.digest();
    let plugin = candidate.validate(&ENGINE).await.unwrap();
    assert_eq!((plugin.file(), plugin.digest(), plugin.version()), ("good.wasm", digest, ApiVersion::V0_2));
    let description = plugin.description();
    assert_eq!((description.name.as_str(), description.version.as_str()), ("good", "1.0.0"));
    assert_eq!(description.aliases, ["org.example.Good"]);
    assert_eq!(description.reads, ["form:token", "header:dpop"]);
}

#[tokio::test]
async fn an_unknown_version_is_named_with_the_one_that_is_served() {
    for version in ["0.1.0", "0.9.0", "1.0.0"] {
        let error = contract_error(Fixture::named("late").version(version).candidate()).await;
        let text = error.to_string();
        assert!(text.contains(version) && text.contains("rebuild it for 0.2.0"), "{text}");
    }
}

#[tokio::test]
async fn a_later_patch_of_the_version_is_served() {
    let fixture =
        Fixture::named("patched").version("0.2.7").authenticate(&format!("{LOOKUP} (global.get $authenticated)"));
    authenticated(&judged(&ENGINE, services(), fixture).await);
}

#[tokio::test]
async fn files_sockets_and_randomness_are_not_granted() {
    for import in [
        "wasi:filesystem/preopens@0.2.6",
        "wasi:filesystem/types@0.2.6",
        "wasi:sockets/tcp@0.2.6",
        "wasi:sockets/ip-name-lookup@0.2.6",
        "wasi:http/outgoing-handler@0.2.6",
        "wasi:random/random@0.2.6",
        "wasi:clocks/monotonic-clock@0.3.0",
        "dropins:client-auth/replay@0.2.0",
        "dropins:client-auth/keys@0.3.0",
    ] {
        let component = wat::parse_str(format!("(component (import \"{import}\" (instance)))")).unwrap();
        let error = contract_error(Candidate::new("curious.wasm", component)).await;
        assert!(matches!(&error, ContractError::Import(named) if named == import), "{error}");
    }
}

#[tokio::test]
async fn a_core_module_is_told_how_to_become_a_component() {
    let error = contract_error(Candidate::new("core.wasm", wat::parse_str("(module)").unwrap())).await;
    assert!(error.to_string().contains("wasm32-wasip2"), "{error}");
}

#[tokio::test]
async fn a_truncated_copy_is_rejected_wherever_it_ends() {
    let whole = Fixture::named("cut").component();
    for length in (0..whole.len()).step_by(whole.len() / 40) {
        let error = contract_error(Candidate::new("cut.wasm", &whole[..length])).await;
        assert!(!matches!(error, ContractError::Import(_)), "{length}: {error}");
    }
}

#[tokio::test]
async fn records_of_another_shape_under_the_same_version_do_not_link() {
    let export = Fixture::named("drifted").drift("record client {", "record client { tenant: string,");
    let import = Fixture::named("drifted")
        .drift("record registration {", "record registration { tenant: string,")
        .authenticate(&format!("{LOOKUP} (global.get $authenticated)"));
    for (side, fixture) in [("export", export), ("import", import)] {
        let error = refused(fixture.candidate()).await;
        assert!(matches!(error.reason, CandidateRefusal::Link(_)), "{side}: {error}");
        assert!(error.to_string().contains("its WIT text differs"), "{error}");
    }
}

#[tokio::test]
async fn a_plug_in_that_traps_while_it_describes_itself_is_rejected() {
    let error = refused(Fixture::named("mute").describe("(unreachable)").candidate()).await;
    assert!(matches!(&error.reason, CandidateRefusal::Describe(Failure::Trap { .. })), "{error}");
    assert!(error.to_string().contains("unreachable") && !error.reason.is_transient(), "{error}");
}

#[tokio::test]
async fn a_plug_in_that_asks_for_services_while_it_is_loaded_is_told_that_there_are_none() {
    let eager = format!(
        "{} (if (i32.eqz (i32.load8_u (global.get $answer))) (then (unreachable))) (global.get $description)",
        LOOKUP
    );
    Fixture::named("eager").describe(&eager).candidate().validate(&ENGINE).await.unwrap();
}

#[tokio::test]
async fn unusable_descriptions_are_rejected() {
    let nameless = refused(Fixture::named("").candidate()).await;
    assert!(matches!(nameless.reason, CandidateRefusal::Description(DescriptionError::Text { field: "name", .. })));
    let deaf = refused(Fixture::named("deaf").reads(&[]).candidate()).await;
    assert!(matches!(deaf.reason, CandidateRefusal::Description(DescriptionError::ReadsNothing)));
    let greedy = refused(Fixture::named("greedy").reads(&["header:*", "everything"]).candidate()).await;
    assert!(matches!(greedy.reason, CandidateRefusal::Description(DescriptionError::Reads(_))));
}

#[tokio::test]
async fn a_broken_component_does_not_harm_the_next_one() {
    refused(Candidate::new("broken.wasm", *b"\0asm garbage")).await;
    Fixture::named("next").candidate().validate(&ENGINE).await.unwrap();
}

#[tokio::test]
async fn a_component_is_compiled_once_for_all_engines_that_share_a_cache() {
    let home = tempfile::tempdir().unwrap();
    let engine = || Engine::new(ENGINE.limits().clone(), Some(home.path())).unwrap();
    let (first, second) = (engine(), engine());
    Fixture::named("cached").candidate().validate(&first).await.unwrap();
    assert_eq!(first.cache_hits_and_misses(), (0, 1));
    Fixture::named("cached").candidate().validate(&second).await.unwrap();
    assert_eq!(second.cache_hits_and_misses(), (1, 0));
}

#[tokio::test]
async fn the_same_bytes_are_compiled_once_whatever_their_file_is_called() {
    let home = tempfile::tempdir().unwrap();
    let engine = Engine::new(ENGINE.limits().clone(), Some(home.path())).unwrap();
    let bytes = Fixture::named("kept").component();
    let first = Candidate::new("first.wasm", bytes.clone()).validate(&engine).await.unwrap();
    let second = Candidate::new("second.wasm", bytes).validate(&engine).await.unwrap();
    assert_eq!((first.file(), second.file(), first.digest()), ("first.wasm", "second.wasm", second.digest()));
    assert_eq!(engine.cache_hits_and_misses(), (0, 1), "the second one did not ask the compiler at all");
    assert_eq!(engine.memory_hits(), 1);
}

#[tokio::test]
async fn what_was_not_used_for_long_is_compiled_again() {
    let home = tempfile::tempdir().unwrap();
    let engine = Engine::new(ENGINE.limits().clone(), Some(home.path())).unwrap();
    for name in ["oldest", "1", "2", "3", "4", "5", "6", "7", "8"] {
        Fixture::named(name).candidate().validate(&engine).await.unwrap();
    }
    let (hits, misses) = engine.cache_hits_and_misses();
    Fixture::named("8").candidate().validate(&engine).await.unwrap();
    assert_eq!(engine.cache_hits_and_misses(), (hits, misses));
    Fixture::named("oldest").candidate().validate(&engine).await.unwrap();
    assert_eq!(engine.cache_hits_and_misses(), (hits + 1, misses), "the disk has it still");
}

#[tokio::test]
async fn a_damaged_compile_cache_is_compiled_around() {
    let home = tempfile::tempdir().unwrap();
    let engine = || Engine::new(ENGINE.limits().clone(), Some(home.path())).unwrap();
    Fixture::named("cached").candidate().validate(&engine()).await.unwrap();
    let damaged = files(home.path()).inspect(|file| std::fs::write(file, b"garbage").unwrap()).count();
    assert!(damaged > 0, "nothing was cached");
    Fixture::named("cached").candidate().validate(&engine()).await.unwrap();
}

/// Every file below a folder.
fn files(folder: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    Box::new(entries.flat_map(|path| if path.is_dir() { files(&path) } else { Box::new(std::iter::once(path)) }))
}
