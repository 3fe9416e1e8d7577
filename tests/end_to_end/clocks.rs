//! A server whose clock is wrong, or jumps: libfaketime shows it another time than the tests have.

use std::path::{Path, PathBuf};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::program::skip;
use crate::server::Server;

/// Where Debian's package `faketime` has the library, on any architecture.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let found = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file());
    if found.is_none() {
        skip("libfaketime is not installed");
    }
    found
}

/// Starts a server whose wall clock is this much ahead, as the file says from second to second.
fn start(home: &TestHome, library: &Path, ahead: &str) -> (Server, PathBuf) {
    let clock = home.path("clock");
    std::fs::write(&clock, format!("{ahead}\n")).unwrap();
    let environment = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
        ("FAKETIME_CACHE_DURATION", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    (Server::start_with(home, &[], &environment), clock)
}

#[test]
fn explain_warns_that_the_server_has_another_clock_than_the_tool() {
    let Some(library) = library() else { return };
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let (server, _clock) = start(&home, &library, "+400s");
    let assertion = client.mint();
    let reference = server.authenticate(&assertion).reference();
    assert!(home.dropins(&["explain", &reference]).succeeded().stdout.contains("expired"), "by the server's clock");
    let explained = home.dropins(&["assertion", "explain", &assertion]);
    assert!(explained.stdout.contains("accepted: "), "by the tool's clock: {explained:?}");
    assert!(
        explained.stderr.contains("the clock of the server is 6 min") && explained.stderr.contains("ahead of"),
        "{explained:?}"
    );
}

#[test]
fn explain_says_nothing_about_clocks_that_agree() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let _server = Server::start(&home);
    let explained = home.dropins(&["assertion", "explain", &client.mint()]).succeeded();
    assert!(!explained.stderr.contains("clock"), "{explained:?}");
}

#[test]
fn a_jump_of_the_clock_is_logged_and_the_uptime_does_not_follow_it() {
    let Some(library) = library() else { return };
    let home = TestHome::new();
    let (server, clock) = start(&home, &library, "+0s");
    std::fs::write(clock, "+40d\n").unwrap();
    let line = server.logged("the clock of this machine jumped");
    let seconds: u64 = line.rsplit("seconds=").next().unwrap().trim().parse().unwrap();
    assert!(seconds.abs_diff(40 * 86_400) < 5, "{line}");
    let status = home.dropins(&["status"]).succeeded().stdout;
    assert!(!status.contains("up 40 d") && status.contains(" s  "), "{status}");
}
