//! Clients that sign with ML-DSA: off by default, enabled while the server runs, verified by host and component.

use crate::home::TestHome;
use crate::server::Server;

/// A client with a new key of this kind, and what mints its assertions.
fn client(home: &TestHome, id: &str, kind: &str) -> impl Fn() -> String {
    let folder = home.path("keys");
    let out = folder.to_str().unwrap();
    let files = crate::program::dropins(&["keys", "generate", id, "--type", kind, "--out", out, "--json"]).succeeded();
    assert!(files.json()["certificate"].is_null(), "{files:?}");
    let jwks = folder.join(format!("{id}.jwks.json"));
    home.dropins(&["client", "add", id, "--jwks", jwks.to_str().unwrap()]).succeeded();
    let (home, key, id) = (home.clone(), folder.join(format!("{id}-private.pem")), id.to_owned());
    move || {
        let key = key.to_str().unwrap();
        home.dropins(&["assertion", "mint", "--client-id", &id, "--key", key]).succeeded().stdout.trim().to_owned()
    }
}

#[test]
fn ml_dsa_is_refused_until_the_listener_names_it_and_then_without_a_restart() {
    let home = TestHome::new();
    home.detail_errors();
    let mint = client(&home, "app", "ml-dsa-65");
    let server = Server::start(&home);
    let refused = server.authenticate(&mint());
    assert!(refused.status == 401 && refused.body.contains("algorithm-not-allowed"), "{refused:?}");
    let property = "PreventTokenReuse = true";
    home.replace(property, &format!("{property}\nAllowedAlgorithms = [\"ES256\", \"ML-DSA-65\"]"));
    home.dropins(&["reload"]).succeeded();
    let assertion = mint();
    server.authenticate(&assertion).token();
    let again = server.authenticate(&assertion);
    assert!(again.body.contains("replayed"), "{again:?}");
    let metadata = server.get("/.well-known/openid-configuration").json();
    let algorithms = metadata["token_endpoint_auth_signing_alg_values_supported"].as_array().unwrap().clone();
    assert!(algorithms.iter().any(|name| name == "ML-DSA-65"), "{algorithms:?}");
    assert!(!algorithms.iter().any(|name| name == "ML-DSA-44"), "{algorithms:?}");
}

#[test]
fn every_parameter_set_is_verified_by_the_host_and_inside_the_component() {
    for verification in ["host", "guest"] {
        let home = TestHome::new();
        let property = "PreventTokenReuse = true";
        home.replace(
            property,
            &format!(
                "{property}\nSignatureVerification = \"{verification}\"\n\
                 AllowedAlgorithms = [\"ML-DSA-44\", \"ML-DSA-65\", \"ML-DSA-87\"]"
            ),
        );
        // A debug build verifies inside the component many times slower.
        home.append("[limits]\ncall_deadline = \"20s\"\nconfig_deadline = \"20s\"\n");
        let clients: Vec<_> =
            ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"].into_iter().map(|kind| client(&home, kind, kind)).collect();
        let server = Server::start(&home);
        for mint in &clients {
            let assertion = mint();
            println!("{verification}: an assertion of {} bytes", assertion.len());
            let (head, signature) = assertion.rsplit_once('.').unwrap();
            let other = if signature.starts_with('A') { 'B' } else { 'A' };
            server.authenticate(&format!("{head}.{other}{}", &signature[1..])).error(401, "invalid_client");
            server.authenticate(&assertion).token();
        }
    }
}
