//! Fetching from real servers on the loopback interface; the clock stands still unless a test moves it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use dropins_services::PublicKey as _;

use super::*;
use crate::testing::*;
use dropins_keys::{Algorithm, KeyFamily, SigningKey};

/// The `kid`s of the set that a request gets.
async fn kids(bench: &Bench, url: &JwksUrl) -> Option<Vec<String>> {
    let set = bench.fetcher.set(url).await?;
    Some(set.keys().keys().iter().map(|key| key.kid().unwrap().to_owned()).collect())
}

async fn outcome(bench: &Bench, url: &JwksUrl) -> FetchOutcome {
    match bench.fetcher.refresh(url).await {
        Ok(refreshed) => refreshed.outcome,
        Err(error) => error.outcome(),
    }
}

#[tokio::test]
async fn a_set_is_fetched_when_it_is_needed_and_again_when_it_is_stale() {
    let server = Server::start(ok("cache-control: max-age=600\r\n", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    for (millis, hits) in [(0, 1), (1, 1), (10 * MINUTE - 1, 1), (10 * MINUTE, 2), (10 * MINUTE + 1, 2)] {
        bench.at(millis);
        assert_eq!(kids(&bench, &url).await.unwrap(), ["a"]);
        assert_eq!(server.hits(), hits, "after {millis} ms");
    }
    let stats = bench.fetcher.stats();
    assert_eq!((stats.of(FetchOutcome::Fetched), stats.cached, stats.stale, stats.unavailable), (2, 5, 0, 0));
}

#[tokio::test]
async fn a_set_without_a_usable_key_says_why() {
    let set = r#"{"keys":[{"kty":"EC","crv":"P-256","use":"enc","x":"a","y":"b"}]}"#;
    let server = Server::start(ok("", set)).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    let Err(error) = bench.fetcher.keys(&url, &KeyHint::default()).await.map_err(|error| error.to_string()) else {
        panic!("no error")
    };
    assert!(error.contains("keys[0]") && error.contains("\"use\""), "{error}");
}

#[tokio::test]
async fn what_must_not_be_stored_is_kept_for_a_minute_all_the_same() {
    let server = Server::start(ok("cache-control: no-store\r\n", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    for (millis, hits) in [(0, 1), (MINUTE - 1, 1), (MINUTE, 2)] {
        bench.at(millis);
        kids(&bench, &url).await.unwrap();
        assert_eq!(server.hits(), hits, "after {millis} ms");
    }
}

#[tokio::test]
async fn two_hundred_requests_on_a_cold_cache_cause_one_fetch() {
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    server.close_doors();
    let bench = Arc::new(Bench::new());
    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let bench = Arc::clone(&bench);
        let url = bench.url_of(&server);
        requests.spawn(async move { kids(&bench, &url).await });
    }
    until("the server is asked", || server.hits() == 1).await;
    server.doors.add_permits(1000);
    while let Some(found) = requests.join_next().await {
        assert_eq!(found.unwrap().unwrap(), ["a"]);
    }
    assert_eq!(server.hits(), 1);
    assert_eq!(bench.fetcher.stats().cached, 200);
}

#[tokio::test]
async fn a_request_that_gives_up_does_not_end_the_fetch_of_the_others() {
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    server.close_doors();
    let bench = Bench::new();
    let url = bench.url_of(&server);
    let fetcher = bench.fetcher.clone();
    let first = tokio::spawn({
        let url = url.clone();
        async move { fetcher.set(&url).await.is_some() }
    });
    until("the server is asked", || server.hits() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    server.doors.add_permits(1);
    assert_eq!(kids(&bench, &url).await.unwrap(), ["a"]);
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn a_set_that_has_not_changed_is_not_sent_again() {
    let server = Server::start(ok("etag: \"v1\"\r\n", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    kids(&bench, &url).await.unwrap();
    assert!(!server.last_request().contains("if-none-match"));
    server.answer_by(|request| match request.to_lowercase().contains("if-none-match: \"v1\"") {
        true => Reply::Bytes("HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\n\r\n".to_owned()),
        false => status("500"),
    });
    for minute in 1..4 {
        bench.at(minute * MINUTE);
        assert_eq!(kids(&bench, &url).await.unwrap(), ["a"]);
    }
    assert_eq!(bench.fetcher.stats().of(FetchOutcome::NotModified), 3);
}

#[tokio::test]
async fn a_server_that_confirms_another_set_is_asked_for_all_of_it_next_time() {
    let server = Server::start(ok("etag: \"v1\"\r\n", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    kids(&bench, &url).await.unwrap();
    let set = jwks(&["b"]);
    server.answer_by(move |request| match request.to_lowercase().contains("if-none-match") {
        true => Reply::Bytes("HTTP/1.1 304 Not Modified\r\netag: \"v2\"\r\n\r\n".to_owned()),
        false => ok("", &set),
    });
    bench.at(MINUTE);
    assert_eq!(kids(&bench, &url).await.unwrap(), ["a"]);
    bench.at(MINUTE + 10 * SECOND);
    assert_eq!(kids(&bench, &url).await.unwrap(), ["b"]);
}

#[tokio::test]
async fn a_refresh_replaces_the_set_and_an_empty_set_withdraws_every_key() {
    let server = Server::start(ok("", &jwks(&["a", "b"]))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    assert_eq!(kids(&bench, &url).await.unwrap(), ["a", "b"]);
    server.answer(ok("", &jwks(&["b"])));
    bench.at(MINUTE);
    assert_eq!(kids(&bench, &url).await.unwrap(), ["b"]);
    server.answer(ok("", r#"{"keys":[]}"#));
    bench.at(2 * MINUTE);
    assert_eq!(kids(&bench, &url).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn the_last_good_set_serves_for_an_hour_while_its_server_fails() {
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    kids(&bench, &url).await.unwrap();
    server.answer(status("503 Service Unavailable"));
    for (millis, hits) in
        [(MINUTE, 2), (MINUTE + 10 * SECOND - 1, 2), (MINUTE + 10 * SECOND, 3), (MINUTE + HOUR - 1, 4)]
    {
        bench.at(millis);
        assert_eq!(kids(&bench, &url).await.unwrap(), ["a"]);
        assert_eq!(server.hits(), hits, "after {millis} ms");
    }
    bench.at(MINUTE + HOUR);
    assert!(kids(&bench, &url).await.is_none());
    let stats = bench.fetcher.stats();
    assert_eq!((stats.of(FetchOutcome::BadStatus), stats.stale, stats.unavailable), (3, 4, 1));
    server.answer(ok("", &jwks(&["b"])));
    bench.at(2 * HOUR);
    assert_eq!(kids(&bench, &url).await.unwrap(), ["b"]);
}

#[tokio::test]
async fn a_failure_is_remembered_for_ten_seconds() {
    let server = Server::start(status("500")).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    for (millis, hits) in [(0, 1), (1, 1), (10 * SECOND - 1, 1), (10 * SECOND, 2)] {
        bench.at(millis);
        assert!(kids(&bench, &url).await.is_none());
        assert_eq!(server.hits(), hits, "after {millis} ms");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_causes_a_fetch_and_no_outage() {
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    bench.at(HOUR);
    kids(&bench, &url).await.unwrap();
    bench.at(0);
    kids(&bench, &url).await.unwrap();
    assert_eq!(server.hits(), 2);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::start(ok("", &jwks(&["a"]))).await;
    let bench = Bench::new();
    for location in ["http://169.254.169.254/latest/meta-data/", &format!("http://{}/jwks", target.address)] {
        for code in [301, 302, 303, 307, 308] {
            let redirect = format!("HTTP/1.1 {code} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            let server = Server::start(Reply::Bytes(redirect)).await;
            let error = bench.fetcher.refresh(&bench.url_of(&server)).await.unwrap_err();
            assert_eq!(error, FetchError::Redirect(code));
        }
    }
    assert_eq!((target.hits(), bench.names.asked.load(SeqCst)), (0, 0));
}

#[tokio::test]
async fn an_answer_of_a_hundred_megabytes_is_given_up_at_the_limit() {
    let bench = Bench::new();
    let megabytes = 100 * 1024 * 1024;
    for head in [
        format!("HTTP/1.1 200 OK\r\ncontent-length: {megabytes}\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6400000\r\n".to_owned(),
    ] {
        let server = Server::start(Reply::Flood(head, megabytes)).await;
        let began = Instant::now();
        let error = bench.fetcher.refresh(&bench.url_of(&server)).await.unwrap_err();
        assert_eq!(error, FetchError::TooLarge(64 * 1024));
        assert!(began.elapsed() < Duration::from_secs(5));
        // What the server could write fits into the buffers of two sockets.
        assert!(server.written.load(SeqCst) < 20 * 1024 * 1024);
    }
}

#[tokio::test]
async fn the_size_limit_is_exact() {
    let set = jwks(&["a"]);
    for (limit, expected) in [(set.len(), FetchOutcome::Fetched), (set.len() - 1, FetchOutcome::TooLarge)] {
        let bench = Bench::with(FetchSettings { size_limit: limit, ..settings() });
        for reply in [ok("", &set), Reply::Bytes(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{set}"))] {
            let server = Server::start(reply).await;
            assert_eq!(outcome(&bench, &bench.url_of(&server)).await, expected);
        }
    }
}

#[tokio::test]
async fn a_server_that_dawdles_is_given_up_after_the_read_timeout() {
    let bench = Bench::with(FetchSettings { read_timeout: Duration::from_millis(300), ..settings() });
    for bytes in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"keys\":"] {
        let server = Server::start(Reply::Stall(bytes.to_owned())).await;
        let began = Instant::now();
        let error = bench.fetcher.refresh(&bench.url_of(&server)).await.unwrap_err();
        assert_eq!(error, FetchError::Timeout(Duration::from_millis(300)), "{bytes:?}");
        assert!((300..5000).contains(&began.elapsed().as_millis()));
    }
}

#[tokio::test]
async fn a_server_that_never_shakes_hands_is_given_up_after_the_connection_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bench = Bench::with(FetchSettings { connection_timeout: Duration::from_millis(150), ..settings() });
    let url = bench.url(&format!("https://{}/", listener.local_addr().unwrap()));
    let error = bench.fetcher.refresh(&url).await.unwrap_err();
    assert_eq!(error, FetchError::Timeout(Duration::from_millis(150)));
}

#[tokio::test]
async fn what_is_no_key_set_is_rejected_with_its_kind() {
    let many = format!("{{\"keys\":[{}]}}", vec!["{}"; 65].join(","));
    for (reply, expected) in [
        (ok("content-encoding: gzip\r\n", &jwks(&["a"])), FetchOutcome::Encoded),
        (ok("content-encoding: identity\r\n", &jwks(&["a"])), FetchOutcome::Fetched),
        (ok("content-type: text/plain\r\n", &jwks(&["a"])), FetchOutcome::Fetched),
        (ok("", "<html>"), FetchOutcome::BadKeySet),
        (ok("", ""), FetchOutcome::BadKeySet),
        (ok("", &many), FetchOutcome::BadKeySet),
        (ok("", &many.replacen("{},", "", 1)), FetchOutcome::Fetched),
        (status("404 Not Found"), FetchOutcome::BadStatus),
        (status("204 No Content"), FetchOutcome::BadStatus),
        (status("304 Not Modified"), FetchOutcome::BadStatus),
        (Reply::Bytes("SSH-2.0-OpenSSH_9.9\r\n".to_owned()), FetchOutcome::Protocol),
        (Reply::Bytes(String::new()), FetchOutcome::Protocol),
        (Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned()), FetchOutcome::Unreachable),
    ] {
        let server = Server::start(reply.clone()).await;
        let bench = Bench::new();
        let shown = match reply {
            Reply::Bytes(text) => text.chars().take(60).collect(),
            _ => String::new(),
        };
        assert_eq!(outcome(&bench, &bench.url_of(&server)).await, expected, "{shown:?}");
    }
}

#[tokio::test]
async fn a_port_without_a_listener_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bench = Bench::new();
    assert_eq!(outcome(&bench, &bench.url(&format!("http://{address}/"))).await, FetchOutcome::Unreachable);
}

#[tokio::test]
async fn a_certificate_needs_an_authority_and_the_right_name() {
    let (identity, other) = (Identity::of("keys.test"), Identity::of("other.test"));
    let server = Server::start_tls(&identity, ok("", &jwks(&["a"]))).await;
    let stranger = Server::start_tls(&other, ok("", &jwks(&["a"]))).await;
    let bench = |extra_roots| Bench::with(FetchSettings { extra_roots, ..settings() });
    let trusting = bench(vec![identity.certificate(), other.certificate(), b"no certificate".to_vec().into()]);
    for (bench, server, expected) in [
        (&bench(Vec::new()), &server, FetchOutcome::Tls),
        (&trusting, &server, FetchOutcome::Fetched),
        (&trusting, &stranger, FetchOutcome::Tls),
    ] {
        let url = bench.url(&format!("https://keys.test:{}/jwks", server.address.port()));
        assert_eq!(outcome(bench, &url).await, expected);
    }
    assert_eq!((server.hits(), stranger.hits()), (1, 0));
}

#[tokio::test]
async fn a_name_that_leads_inside_is_rejected_before_anything_is_sent() {
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    let bench = Bench::new();
    bench.names.set("rebinding.test", &["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"]);
    let url = |name: &str| bench.url(&format!("http://{name}:{}/jwks", server.address.port()));
    assert_eq!(outcome(&bench, &url("rebinding.test")).await, FetchOutcome::RefusedAddress);
    assert_eq!(server.hits(), 0);
    assert_eq!(outcome(&bench, &url("keys.test")).await, FetchOutcome::Fetched);
    assert_eq!(bench.names.asked.load(SeqCst), 2, "one question, one connection");
    let unknown = bench.url("https://unknown.test/jwks");
    assert_eq!(outcome(&bench, &unknown).await, FetchOutcome::Unresolved);
}

#[tokio::test]
async fn each_fetch_judges_the_address_anew() {
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url(&format!("http://keys.test:{}/jwks", server.address.port()));
    assert_eq!(outcome(&bench, &url).await, FetchOutcome::Fetched);
    bench.names.set("keys.test", &["169.254.169.254"]);
    assert_eq!(outcome(&bench, &url).await, FetchOutcome::RefusedAddress);
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn a_request_says_who_asks_and_nothing_else() {
    let server = Server::start(ok("set-cookie: a=b\r\netag: \"x\"\r\n", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url(&format!("http://{}/jwks?tenant=1", server.address));
    for _ in 0..2 {
        bench.fetcher.refresh(&url).await.unwrap();
        let request = server.last_request();
        assert!(request.starts_with("get /jwks?tenant=1 http/1.1\r\n"), "{request}");
        let mut names: Vec<_> = request.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
        names.retain(|name| !name.is_empty() && *name != "if-none-match");
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "cache-control", "host", "user-agent"]);
    }
}

fn on_disk(folder: &tempfile::TempDir) -> FetchSettings {
    FetchSettings { folder: Some(folder.path().join("jwks")), ..settings() }
}

#[tokio::test]
async fn the_last_good_set_survives_a_restart_while_its_server_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(ok("cache-control: max-age=600\r\n", &jwks(&["a"]))).await;
    let before = Bench::with(on_disk(&folder));
    let url = before.url_of(&server);
    kids(&before, &url).await.unwrap();
    server.answer(status("503"));

    let after = Bench::with(on_disk(&folder));
    after.at(5 * MINUTE);
    assert_eq!(kids(&after, &url).await.unwrap(), ["a"]);
    assert_eq!(server.hits(), 1, "it is still fresh");
    assert_eq!(after.fetcher.stats().of(FetchOutcome::Restored), 1);
    after.at(10 * MINUTE + HOUR - 1);
    assert_eq!(kids(&after, &url).await.unwrap(), ["a"]);
    assert_eq!(server.hits(), 2);

    let late = Bench::with(on_disk(&folder));
    late.at(10 * MINUTE + HOUR);
    assert!(kids(&late, &url).await.is_none());
}

#[tokio::test]
async fn a_stale_set_from_disk_is_confirmed_by_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(ok("etag: \"v1\"\r\n", &jwks(&["a"]))).await;
    let before = Bench::with(on_disk(&folder));
    let url = before.url_of(&server);
    kids(&before, &url).await.unwrap();
    server.answer_by(|request| match request.contains("if-none-match: \"v1\"") {
        true => Reply::Bytes("HTTP/1.1 304 Not Modified\r\n\r\n".to_owned()),
        false => status("500"),
    });
    let after = Bench::with(on_disk(&folder));
    after.at(HOUR);
    assert_eq!(kids(&after, &url).await.unwrap(), ["a"]);
    let next = Bench::with(on_disk(&folder));
    next.at(HOUR);
    let cached = next.fetcher.cached(&url).await.unwrap();
    assert_eq!(cached.fetched_at(), NOW + HOUR, "the confirmation is stored too");
}

#[tokio::test]
async fn a_damaged_file_is_passed_over_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    let before = Bench::with(on_disk(&folder));
    let url = before.url_of(&server);
    kids(&before, &url).await.unwrap();
    let file = std::fs::read_dir(folder.path().join("jwks")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, "damaged").unwrap();
    let after = Bench::with(on_disk(&folder));
    assert_eq!(kids(&after, &url).await.unwrap(), ["a"]);
    assert_eq!(server.hits(), 2);
    assert!(Bench::with(on_disk(&folder)).fetcher.cached(&url).await.is_some());
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = FetchSettings { folder: Some(file.path().join("jwks")), ..settings() };
    let error = JwksFetcher::open(settings, Arc::new(dropins_services::FixedClock::at(NOW))).err().unwrap();
    assert!(error.to_string().contains(file.path().to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn an_operator_may_fetch_at_any_time_and_learns_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    let bench = Bench::with(on_disk(&folder));
    let url = bench.url_of(&server);
    kids(&bench, &url).await.unwrap();

    let after = Bench::with(on_disk(&folder));
    server.answer(ok("", &jwks(&["b"])));
    let refreshed = after.fetcher.refresh(&url).await.unwrap();
    assert_eq!((refreshed.outcome, server.hits()), (FetchOutcome::Fetched, 2), "the fresh set on disk does not do");
    assert_eq!(kids(&after, &url).await.unwrap(), ["b"]);

    server.answer(status("404"));
    assert_eq!(after.fetcher.refresh(&url).await.unwrap_err(), FetchError::BadStatus(404));
    server.answer(ok("", &jwks(&["c"])));
    assert!(after.fetcher.refresh(&url).await.is_ok(), "a failure does not stop an operator");
    assert_eq!(kids(&after, &url).await.unwrap(), ["c"]);
}

#[tokio::test]
async fn looking_at_a_set_fetches_nothing() {
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    assert!(bench.fetcher.cached(&url).await.is_none());
    assert_eq!(server.hits(), 0);
    kids(&bench, &url).await.unwrap();
    let set = bench.fetcher.cached(&url).await.unwrap();
    assert_eq!((set.fetched_at(), set.fresh_until()), (NOW, NOW + MINUTE));
}

/// A set with the public half of this key.
fn set_of(key: &SigningKey, kid: Option<&str>) -> String {
    let mut jwk = key.public_jwk();
    jwk.remove("kid");
    jwk.extend(kid.map(|kid| ("kid".to_owned(), kid.into())));
    serde_json::json!({ "keys": [jwk] }).to_string()
}

fn hint(kid: Option<&str>) -> KeyHint {
    KeyHint { kid: kid.map(str::to_owned), algorithm: "ES256".to_owned(), ..KeyHint::default() }
}

/// What a request of the holder of this key ends with.
async fn is_verified(bench: &Bench, url: &JwksUrl, key: &SigningKey, kid: Option<&str>) -> bool {
    let signature = key.sign(Algorithm::Es256, b"message").unwrap();
    let keys = bench.fetcher.keys(url, &hint(kid)).await.unwrap();
    keys.candidates(&hint(kid)).iter().any(|key| key.verify("ES256", b"message", &signature) == Ok(true))
}

#[tokio::test]
async fn a_key_that_is_replaced_under_its_kid_or_without_one_is_fetched_once_and_the_old_one_is_withdrawn() {
    let [old, new] = [(); 2].map(|()| SigningKey::generate(KeyFamily::P256).unwrap());
    for kid in [Some("a"), None] {
        let server = Server::start(ok("cache-control: max-age=86400\r\n", &set_of(&old, kid))).await;
        let bench = Bench::new();
        let url = bench.url_of(&server);
        assert!(is_verified(&bench, &url, &old, kid).await);
        server.answer(ok("cache-control: max-age=86400\r\n", &set_of(&new, kid)));
        bench.at(SECOND);
        assert!(is_verified(&bench, &url, &old, kid).await, "a good signature causes no fetch");
        assert_eq!(server.hits(), 1);
        assert!(!is_verified(&bench, &url, &new, kid).await);
        assert!(is_verified(&bench, &url, &new, kid).await, "the wrong signature caused a refresh");
        assert_eq!(server.hits(), 2);
        bench.at(2 * SECOND);
        for _ in 0..3 {
            assert!(!is_verified(&bench, &url, &old, kid).await);
            assert!(is_verified(&bench, &url, &new, kid).await);
        }
        assert_eq!(server.hits(), 2);
    }
}

#[tokio::test]
async fn wrong_signatures_and_unknown_kids_together_cause_one_refresh_in_ten_seconds() {
    let [own, stranger] = [(); 2].map(|()| SigningKey::generate(KeyFamily::P256).unwrap());
    let server = Server::start(ok("cache-control: max-age=86400\r\n", &set_of(&own, Some("a")))).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    assert!(is_verified(&bench, &url, &own, Some("a")).await);
    for (second, hits) in [(1, 2), (5, 2), (10, 2), (11, 3), (20, 3), (21, 4)] {
        bench.at(second * SECOND);
        for number in 0..20 {
            assert!(!is_verified(&bench, &url, &stranger, Some("a")).await);
            assert!(!is_verified(&bench, &url, &stranger, Some(&format!("unknown-{number}"))).await);
        }
        assert_eq!(server.hits(), hits, "after {second} s");
    }
    assert!(is_verified(&bench, &url, &own, Some("a")).await);
}

#[tokio::test]
async fn a_set_that_its_server_confirms_is_no_longer_in_doubt() {
    let [own, stranger] = [(); 2].map(|()| SigningKey::generate(KeyFamily::P256).unwrap());
    let set = set_of(&own, None);
    let server = Server::start(ok("etag: \"v1\"\r\ncache-control: max-age=86400\r\n", &set)).await;
    let bench = Bench::new();
    let url = bench.url_of(&server);
    assert!(!is_verified(&bench, &url, &stranger, None).await);
    server.answer_by(|_| Reply::Bytes("HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\n\r\n".to_owned()));
    for second in [1, 12, 23] {
        bench.at(second * SECOND);
        bench.fetcher.keys(&url, &hint(None)).await.unwrap();
        assert_eq!(server.hits(), 2, "one wrong signature, one refresh");
    }
}

#[tokio::test]
async fn of_very_many_requests_a_bounded_number_waits_and_the_rest_is_rejected_at_once() {
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    server.close_doors();
    let bench = Arc::new(Bench::new());
    let mut requests = JoinSet::new();
    for _ in 0..300 {
        let bench = Arc::clone(&bench);
        let url = bench.url_of(&server);
        requests.spawn(async move { bench.fetcher.keys(&url, &hint(None)).await.is_ok() });
    }
    // One starts the fetch, 200 wait for it.
    for _ in 0..99 {
        assert!(!requests.join_next().await.unwrap().unwrap(), "rejected while the fetch is under way");
    }
    assert_eq!(bench.fetcher.stats().crowded, 99);
    until("the server is asked", || server.hits() == 1).await;
    server.doors.add_permits(1000);
    while let Some(found) = requests.join_next().await {
        assert!(found.unwrap());
    }
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn sets_in_memory_are_bounded_by_their_bytes() {
    let keys: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let server = Server::start(ok("", &jwks(&keys.iter().map(String::as_str).collect::<Vec<_>>()))).await;
    let memory = 200_000;
    let bench = Bench::with(FetchSettings { memory, ..settings() });
    let url = |number: usize| bench.url(&format!("http://{}/jwks/{number}", server.address));
    for number in 0..20 {
        kids(&bench, &url(number)).await.unwrap();
        bench.fetcher.0.slots.run_pending_tasks();
        assert!(bench.fetcher.0.slots.weighted_size() <= memory);
    }
    let kept = bench.fetcher.0.slots.entry_count();
    assert!((1..10).contains(&kept), "{kept} sets");
    assert!(bench.fetcher.cached(&url(19)).await.is_some(), "the last one is kept");
}
