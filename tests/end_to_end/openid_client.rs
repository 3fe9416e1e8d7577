//! The npm packages openid-client and jose: discovery, authentication, tokens that verify, a rejected replay.

use serde_json::{Value, json};

use crate::home::TestHome;
use crate::keys::{generate, register};
use crate::program::{Finished, command, install_client, installed, run};
use crate::server::Server;

/// Clients with these algorithms, and the job file of the script. The client of EdDSA gets ES256 ID tokens.
pub(crate) fn job(home: &TestHome, algorithms: &[(&str, &str)]) -> std::path::PathBuf {
    home.replace("allow_id_token = false", "allow_id_token = true");
    let clients: Vec<Value> = algorithms
        .iter()
        .map(|(algorithm, kind)| {
            let id = format!("client-{algorithm}");
            generate(home, &id, kind);
            register(home, &id, "jwks_file", &format!("{id}.jwks.json"));
            let mut client =
                json!({ "client_id": id, "alg": algorithm, "key_file": home.conf(&format!("{id}-private.pem")) });
            if *algorithm == "EdDSA" {
                home.append("id_token_signed_response_alg = \"ES256\"");
                client["id_token_alg"] = "ES256".into();
            }
            client
        })
        .collect();
    let file = home.path("job.json");
    let job = json!({ "issuer": home.issuer(), "authority": home.authority(), "clients": clients });
    std::fs::write(&file, job.to_string()).unwrap();
    file
}

/// The token is one of RFC 9068 for this client.
#[track_caller]
pub(crate) fn assert_access_token(home: &TestHome, client_id: &Value, header: &Value, claims: &Value) {
    assert_eq!((&header["alg"], &header["typ"]), (&"ES256".into(), &"at+jwt".into()));
    assert_eq!((&claims["iss"], &claims["aud"]), (&home.issuer().into(), &home.issuer().into()));
    assert_eq!((&claims["sub"], &claims["client_id"]), (client_id, client_id));
    let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 3600);
    assert!(claims["jti"].as_str().unwrap().len() >= 16);
}

#[test]
fn openid_client_authenticates_and_jose_verifies_the_tokens() {
    if !installed(&["node", "npm"]) {
        return;
    }
    let Some(folder) = install_client("node") else { return };
    let home = TestHome::new();
    let algorithms = [
        ("ES256", "p-256"),
        ("PS256", "rsa-2048"),
        ("RS256", "rsa-2048"),
        ("EdDSA", "ed25519"),
        ("Ed25519", "ed25519"),
    ];
    let job = job(&home, &algorithms);
    let _server = Server::start(&home);
    let mut node = command("node");
    node.current_dir(folder).arg("authenticate.mjs").arg(job).env("NODE_EXTRA_CA_CERTS", home.authority());
    let results: Finished = run(&mut node).succeeded();
    let results = results.json();
    assert_eq!(results.as_array().unwrap().len(), algorithms.len());
    for result in results.as_array().unwrap() {
        let token = &result["access_token"];
        assert_access_token(&home, &result["client_id"], &token["header"], &token["claims"]);
        assert_eq!(token["claims"]["scope"], "openid");
        assert_eq!(result["id_token"]["claims"]["sub"], result["client_id"]);
        let by_default = result["alg"] != "EdDSA";
        assert_eq!(result["id_token"]["header"]["alg"], if by_default { "RS256" } else { "ES256" });
        assert_eq!(result["first"]["status"], 200);
        assert_eq!((&result["second"]["status"], &result["second"]["error"]), (&401.into(), &"invalid_client".into()));
        assert!(result["methods"].as_array().unwrap().contains(&"private_key_jwt".into()));
    }
}
