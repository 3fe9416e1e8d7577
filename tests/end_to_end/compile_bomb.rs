//! A component that occupies the compiler delays nothing that needs no compiler.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::client::TestClient;
use crate::fixtures::Fixture;
use crate::home::TestHome;
use crate::server::Server;
use crate::wait::until;

/// What a reload, a rollback and a disabled client may take on a machine whose processors all compile.
const PROMPT: Duration = Duration::from_secs(10);

/// As costly a component as is compiled at all: each function sets many locals inside nested loops.
fn bomb() -> Vec<u8> {
    let (locals, loops) = (400, 98);
    let sets = (0..locals).map(|local| {
        let other = (7 * local + 1) % locals;
        format!("(local.set {local} (i32.add (local.get {local}) (local.get {other})))")
    });
    let body = (0..loops).fold(sets.collect::<String>(), |inner, depth| {
        format!("(loop $l{depth} {inner} (br_if $l{depth} (local.get {depth})))")
    });
    let function = |number| format!("(func $bomb{number} (local {}) {body})", "i32 ".repeat(locals));
    let functions: String = (0..50).map(function).collect();
    let calls: String = (0..50).map(|number| format!("(call $bomb{number})")).collect();
    Fixture::named("bomb").functions(&functions).authenticate(&format!("{calls} (unreachable)")).component()
}

#[test]
fn a_component_that_occupies_the_compiler_delays_neither_a_disabled_client_nor_a_reload_nor_a_rollback() {
    let home = TestHome::new();
    let gone = TestClient::register_with(&home, "gone", "enabled = true");
    let stays = TestClient::register(&home, "stays");
    let server = Server::start(&home);
    let status = || server.admin_get("/status").json();
    home.detail_errors();
    until("errors are detailed", || (status()["generation"] == 2).then_some(()));
    server.authenticate(&gone.mint()).token();

    std::fs::write(home.dropin("bomb.wasm"), bomb()).unwrap();
    server.operator(Method::POST, "/reload?wait=true");
    assert_eq!(status()["inactive"][0]["name"], "bomb", "no entry names it");
    assert!(status()["reload"]["building_since"].is_null(), "so it is not compiled");
    home.append("[[event_listener]]\nid = \"bomb\"\nfile = \"bomb.wasm\"\norder = 1\nenable = true\n");
    let compiles = || !status()["reload"]["building_since"].is_null();
    until("it is compiled", || compiles().then_some(()));

    let began = Instant::now();
    let entry = "jwks_file = \"gone.jwks.json\"\nenabled = ";
    home.replace(&format!("{entry}true"), &format!("{entry}false"));
    until("the client is disabled", || (server.authenticate(&gone.mint()).status == 401).then_some(()));
    println!("a client was disabled after {:?}", began.elapsed());
    assert!(began.elapsed() < PROMPT && compiles(), "{:?}", began.elapsed());

    let began = Instant::now();
    let reloaded = server.operator(Method::POST, "/reload").json();
    println!("a reload was answered after {:?}", began.elapsed());
    assert_eq!(reloaded["compiling"], serde_json::json!(["bomb.wasm"]), "{reloaded}");
    assert!(began.elapsed() < PROMPT && compiles(), "{:?}", began.elapsed());

    let began = Instant::now();
    let back = server.operator(Method::POST, "/rollback").json();
    println!("a rollback was answered after {:?}", began.elapsed());
    assert_eq!(back["result"], "rolled_back", "{back}");
    assert!(began.elapsed() < PROMPT && compiles(), "{:?}", began.elapsed());
    server.authenticate(&stays.mint()).token();
}
