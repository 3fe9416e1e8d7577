//! In front of a server that nobody here wrote: npm's oidc-provider, which knows `client_secret_basic` only, and npm's
//! openid-client, which proves itself with `private_key_jwt`.

use serde_json::json;

use crate::behind::Behind;
use crate::client::TestClient;
use crate::home::TestHome;
use crate::keys::generate;
use crate::program::{command, install_client, installed, run};
use crate::server::Server;

/// The entry of `docs/how-to/put-in-front-of-a-server.md`.
fn entry(issuer: &str, target: &str) -> String {
    let page = include_str!("../../docs/how-to/put-in-front-of-a-server.md");
    let (_, rest) = page.split_once("<!-- node-oidc-provider -->\n```toml\n").unwrap();
    let (entry, _) = rest.split_once("```").unwrap();
    entry.replace("https://as.example.com", issuer).replace("http://127.0.0.1:3000", target)
}

const REDIRECT_URI: &str = "https://app.example.com/cb";
const SECRET: &str = "a secret of the upstream, which no client knows";

#[test]
fn openid_client_with_private_key_jwt_uses_node_oidc_provider_to_its_end() {
    if !installed(&["node", "npm"]) {
        return;
    }
    let (Some(provider), Some(scripts)) = (install_client("oidc-provider"), install_client("node")) else { return };
    let home = TestHome::new();
    let job = home.path("upstream.json");
    let clients =
        ["app", "up-other"].map(|id| json!({ "client_id": id, "client_secret": SECRET, "redirect_uri": REDIRECT_URI }));
    std::fs::write(&job, json!({ "issuer": home.issuer(), "clients": clients }).to_string()).unwrap();
    let mut node = command("node");
    let (behind, target) = Behind::start(node.current_dir(&provider).arg("upstream.mjs").arg(&job), "listening on ");
    home.append(&entry(&home.issuer(), &target));
    generate(&home, "app", "p-256");
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"app\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         jwks_file = \"app.jwks.json\"\nupstream_client_secret = \"{SECRET}\"\n"
    ));
    let lines = format!("upstream_client_id = \"up-other\"\nupstream_client_secret = \"{SECRET}\"");
    let other = TestClient::register_with(&home, "other", &lines);
    let checked = home.dropins(&["check"]).succeeded();
    assert!(!checked.stdout.contains("upstream"), "{}", checked.stdout);
    let server = Server::start(&home);

    let flow = json!({
        "issuer": home.issuer(), "client_id": "app", "key_file": home.conf("app-private.pem"), "redirect_uri": REDIRECT_URI,
    });
    let file = home.path("flow.json");
    std::fs::write(&file, flow.to_string()).unwrap();
    let mut node = command("node");
    node.current_dir(scripts).arg("gateway_flow.mjs").arg(file).env("NODE_EXTRA_CA_CERTS", home.authority());
    let life = run(&mut node).succeeded().json();
    assert_eq!((&life["own"], &life["replay"]), (&"string".into(), &"invalid_client".into()), "{life}");
    assert_eq!(
        (&life["pushed"], &life["rotated"], &life["user"]),
        (&true.into(), &true.into(), &"alice".into()),
        "{life}"
    );
    assert_eq!((&life["id_token"]["iss"], &life["id_token"]["aud"]), (&home.issuer().into(), &"app".into()), "{life}");
    assert_eq!((&life["before"]["active"], &life["after"]), (&true.into(), &json!({ "active": false })), "{life}");
    assert!(
        life["metadata"]["token_endpoint_auth_methods_supported"]
            .as_array()
            .unwrap()
            .contains(&"private_key_jwt".into())
    );
    let posts = behind.lines().iter().filter(|line| *line == "POST /token").count();
    assert_eq!(posts, 4, "credentials twice, code, refresh; a replay is rejected before the upstream hears of it");

    let token = || {
        server.http().send(crate::http::Request::form(server.url("/token"), &crate::server::credential(&other.mint())))
    };
    assert_eq!(token().status, 200, "{:?}", token());
    drop(behind);
    token().error(502, "server_error");
}
