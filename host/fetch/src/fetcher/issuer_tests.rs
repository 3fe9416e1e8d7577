//! The keys of trusted issuers: found by their metadata, behind an authority and a token of their own.

use super::*;
use crate::testing::*;
use crate::{IssuerFetch, metadata_url};
use dropins_keys::KeyPurpose;

/// Settings for the keys of an issuer.
fn issuer(name: &str, change: impl FnOnce(&mut IssuerFetch)) -> FetchSettings {
    let mut issuer = IssuerFetch {
        issuer: name.to_owned(),
        discovered: false,
        purpose: KeyPurpose::Signature,
        roots: None,
        bearer_token_file: None,
    };
    change(&mut issuer);
    FetchSettings { issuer: Some(issuer), ..settings() }
}

async fn outcome(bench: &Bench, url: &JwksUrl) -> FetchOutcome {
    match bench.fetcher.refresh(url).await {
        Ok(refreshed) => refreshed.outcome,
        Err(error) => error.outcome(),
    }
}

/// Metadata that lead to a path of the same server; `/moved` has another set.
fn discoverable(server: &Arc<Server>, name: &str, path: &'static str) {
    let metadata = serde_json::json!({"issuer": name, "jwks_uri": format!("{name}{path}")}).to_string();
    let (first, moved) = (jwks(&["first"]), jwks(&["moved"]));
    server.answer_by(move |request| match request.split_whitespace().nth(1) {
        Some("/.well-known/openid-configuration") => ok("", &metadata),
        Some("/moved") => ok("etag: \"1\"\r\n", &moved),
        Some("/keys") => ok("etag: \"1\"\r\ncache-control: max-age=60\r\n", &first),
        _ => status("404"),
    });
}

#[tokio::test]
async fn the_keys_of_an_issuer_are_found_by_its_metadata_and_follow_them() {
    let server = Server::start(status("500")).await;
    let name = format!("http://{}", server.address);
    discoverable(&server, &name, "/keys");
    let bench = Bench::with(issuer(&name, |issuer| issuer.discovered = true));
    let url = bench.url(&metadata_url(&name));
    let kids = async || {
        let set = bench.fetcher.set(&url).await.unwrap();
        set.keys().keys().iter().map(|key| key.kid().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((kids().await, kids().await), (vec!["first".to_owned()], vec!["first".to_owned()]));
    assert_eq!(server.hits(), 2, "metadata and set, once");
    discoverable(&server, &name, "/moved");
    bench.at(2 * MINUTE);
    assert_eq!(kids().await, ["moved"]);
    assert!(!server.last_request().contains("if-none-match"), "a validator is that of one URL");
    server.answer(status("503"));
    bench.at(30 * MINUTE);
    assert_eq!(kids().await, ["moved"], "a stale set serves");
}

#[tokio::test]
async fn metadata_of_another_issuer_lead_nowhere() {
    let server = Server::start(status("500")).await;
    let name = format!("http://{}", server.address);
    let bench = Bench::with(issuer(&name, |issuer| issuer.discovered = true));
    let url = bench.url(&metadata_url(&name));
    discoverable(&server, "https://other.example", "/keys");
    assert_eq!(outcome(&bench, &url).await, FetchOutcome::BadMetadata);
    assert_eq!(server.hits(), 1);
    server.answer(ok("", "<html>"));
    assert_eq!(outcome(&bench, &url).await, FetchOutcome::BadMetadata);
    server.answer(status("404"));
    assert_eq!(outcome(&bench, &url).await, FetchOutcome::BadStatus);
}

#[tokio::test]
async fn the_authorities_of_an_issuer_replace_all_others() {
    let (own, usual) = (Identity::of("keys.test"), Identity::of("keys.test"));
    let server = Server::start_tls(&own, ok("", &jwks(&["a"]))).await;
    let bench = |roots: Vec<_>| {
        let settings = issuer("https://issuer.example", |issuer| issuer.roots = Some(roots));
        Bench::with(FetchSettings { extra_roots: vec![own.certificate()], ..settings })
    };
    for (roots, expected) in [
        (vec![own.certificate()], FetchOutcome::Fetched),
        (vec![usual.certificate()], FetchOutcome::Tls),
        (Vec::new(), FetchOutcome::Tls),
    ] {
        let bench = bench(roots);
        let url = bench.url(&format!("https://keys.test:{}/jwks", server.address.port()));
        assert_eq!(outcome(&bench, &url).await, expected);
    }
}

#[tokio::test]
async fn the_bearer_token_is_read_with_each_fetch_and_goes_to_no_host_that_only_the_metadata_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let server = Server::start(ok("", &jwks(&["a"]))).await;
    let configured = |issuer: &mut IssuerFetch| issuer.bearer_token_file = Some(file.clone());
    let bench = Bench::with(issuer("https://issuer.example", configured));
    let url = bench.url_of(&server);
    assert_eq!(outcome(&bench, &url).await, FetchOutcome::NoToken);
    assert_eq!(server.hits(), 0, "nothing is sent without the token");
    for token in ["first", "second"] {
        std::fs::write(&file, format!("{token}\n")).unwrap();
        assert_eq!(outcome(&bench, &url).await, FetchOutcome::Fetched);
        assert!(server.last_request().contains(&format!("authorization: bearer {token}\r\n")));
    }
    // The metadata are on the issuer's own host, the set is not.
    let keys = Server::start(ok("", &jwks(&["a"]))).await;
    let name = format!("http://{}", server.address);
    let metadata = serde_json::json!({"issuer": name, "jwks_uri": format!("http://{}/", keys.address)});
    server.answer(ok("", &metadata.to_string()));
    let bench = Bench::with(issuer(&name, |issuer| {
        configured(issuer);
        issuer.discovered = true;
    }));
    assert_eq!(outcome(&bench, &bench.url(&metadata_url(&name))).await, FetchOutcome::Fetched);
    assert!(server.last_request().contains("authorization: bearer second"));
    assert!(!keys.last_request().contains("authorization"));
}

#[tokio::test]
async fn of_a_bundle_only_the_keys_for_jwt_identities_count() {
    let keys: Vec<_> = [Some("jwt-svid"), Some("x509-svid"), Some("sig"), None]
        .into_iter()
        .map(|purpose| {
            let mut key = jwk(purpose.unwrap_or("none"));
            key.extend(purpose.map(|purpose| ("use".to_owned(), purpose.into())));
            key
        })
        .collect();
    let bundle = serde_json::json!({"keys": keys, "spiffe_sequence": 1, "spiffe_refresh_hint": 300}).to_string();
    let server = Server::start(ok("", &bundle)).await;
    let bench = Bench::with(issuer("spiffe://example.org", |issuer| issuer.purpose = KeyPurpose::JwtSvid));
    let set = bench.fetcher.set(&bench.url_of(&server)).await.unwrap();
    assert_eq!(set.keys().keys().iter().map(|key| key.kid().unwrap()).collect::<Vec<_>>(), ["jwt-svid"]);
    let bench = Bench::new();
    let set = bench.fetcher.set(&bench.url_of(&server)).await.unwrap();
    assert_eq!(set.keys().keys().iter().map(|key| key.kid().unwrap()).collect::<Vec<_>>(), ["sig", "none"]);
}
