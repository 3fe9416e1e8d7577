//! The authorization code grant with a real browser: the documented curl line, and two npm libraries from discovery to
//! revocation. Every client authenticates with `private_key_jwt`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::document_host::{DocumentHost, Page};
use crate::documentation::{CLIENT_ID, assertion, make_keys, shell};
use crate::home::TestHome;
use crate::keys::generate;
use crate::program::{command, install_client, installed, run};
use crate::server::Server;

/// No program listens there: the browser's request for it is caught.
const REDIRECT_URI: &str = "http://localhost:8080/playground2/oauth2client";

const USERNAME: &str = "hasintha";
const PASSWORD: &str = "correct horse battery staple";

/// The second curl line of the page; `POST` is the name of a host there, as in the first.
pub(crate) const CURL: &str = r#"curl -v POST -H "Content-Type: application/x-www-form-urlencoded;charset=UTF-8" -k -d "grant_type=authorization_code&code=<code>&scope=openid&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=<jwt_assertion>&redirect_uri=<callback_url>" https://<IS_HOST>:<IS_PORT>/oauth2/token"#;

/// The scripts that drive the browser; `None` where it cannot run.
pub(crate) fn browser() -> Option<PathBuf> {
    installed(&["node", "npm", "chromium"]).then(|| install_client("node")).flatten()
}

fn add_user(home: &TestHome) {
    let file = home.path("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let file = file.to_str().unwrap();
    crate::program::dropins(&["user", "add", USERNAME, "--password-file", file, "--home", home.root()]).succeeded();
}

fn register(home: &TestHome, id: &str, key: &str) {
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"{id}\"\nclient_name = \"Playground\"\n\
         token_endpoint_auth_method = \"private_key_jwt\"\n\
         grant_types = [\"authorization_code\", \"refresh_token\", \"client_credentials\"]\n\
         redirect_uris = [\"{REDIRECT_URI}\"]\nscope = \"orders.read orders.write\"\n{key}\n"
    ));
}

/// Runs a script with a job; what it printed.
pub(crate) fn node(folder: &Path, script: &str, home: &TestHome, job: &Value) -> Value {
    let file = home.path("job.json");
    std::fs::write(&file, job.to_string()).unwrap();
    let mut node = command("node");
    node.current_dir(folder).arg(script).arg(file).env("NODE_EXTRA_CA_CERTS", home.authority());
    run(&mut node).succeeded().json()
}

fn parameter(url: &str, name: &str) -> String {
    let url = reqwest::Url::parse(url).unwrap();
    let value = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    value.unwrap_or_else(|| panic!("there is no {name} in {url}"))
}

#[test]
fn the_documented_lines_give_access_and_refresh_tokens() {
    if !installed(&["keytool", "openssl", "curl"]) {
        return;
    }
    let Some(scripts) = browser() else { return };
    let home = TestHome::new();
    make_keys(&home);
    home.replace("allow_id_token = false", "allow_id_token = true\nallow_refresh_tokens = true");
    register(&home, CLIENT_ID, "certificate_file = \"pubcert.pem\"");
    add_user(&home);
    let _server = Server::start(&home);

    let screenshots = home.path("screenshots");
    std::fs::create_dir(&screenshots).unwrap();
    let url = format!(
        "{}/oauth2/authorize?response_type=code&client_id={CLIENT_ID}&scope=openid%20orders.read&state=here\
         &redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fplayground2%2Foauth2client",
        home.issuer()
    );
    let visit = json!({
        "url": url, "redirect_uri": REDIRECT_URI, "username": USERNAME, "password": PASSWORD, "screenshots": screenshots,
    });
    let visited = node(&scripts, "sign_in.mjs", &home, &visit);
    let arrived_at = visited["arrived_at"].as_str().unwrap();
    assert_eq!((parameter(arrived_at, "state"), parameter(arrived_at, "iss")), ("here".into(), home.issuer()));
    for page in ["login", "consent"] {
        for look in ["desk-light", "desk-dark", "phone-light", "phone-dark"] {
            let picture = std::fs::read(screenshots.join(format!("{page}-{look}.png"))).unwrap();
            assert!(picture.starts_with(b"\x89PNG"), "{page} {look}");
        }
    }

    let fill = |line: &str, jti: &str| {
        line.replace("<code>", &parameter(arrived_at, "code"))
            .replace("<jwt_assertion>", &assertion(&home, jti))
            .replace("<callback_url>", REDIRECT_URI)
            .replace("<IS_HOST>:<IS_PORT>", &home.https.to_string().replace("127.0.0.1", "localhost"))
    };
    let by_code = shell(&home.conf(""), &fill(CURL, "10003")).json();
    let by_credentials = shell(&home.conf(""), &fill(crate::documentation::CURL, "10004")).json();
    for answer in [&by_code, &by_credentials] {
        for token in ["access_token", "refresh_token", "id_token"] {
            assert!(answer[token].is_string(), "{token} is missing: {answer}");
        }
    }
}

#[test]
fn openid_client_and_oauth4webapi_use_an_authorization_to_its_end() {
    let Some(scripts) = browser() else { return };
    let home = TestHome::new();
    add_user(&home);
    // The algorithm that each of them expects of ID tokens; `None` is the default, RS256.
    let libraries = [("openid-client", None), ("oauth4webapi", Some("ES256")), ("oauth4webapi-default", None)];
    for (client, algorithm) in libraries {
        generate(&home, client, "p-256");
        let algorithm = algorithm.map(|algorithm| format!("id_token_signed_response_alg = \"{algorithm}\""));
        register(&home, client, &format!("jwks_file = \"{client}.jwks.json\"\n{}", algorithm.unwrap_or_default()));
    }
    let _server = Server::start(&home);
    for (library, algorithm) in libraries {
        let mut job = json!({
            "library": library.trim_end_matches("-default"), "issuer": home.issuer(), "client_id": library,
            "key_file": home.conf(&format!("{library}-private.pem")), "redirect_uri": REDIRECT_URI,
            "scope": "openid orders.read", "username": USERNAME, "password": PASSWORD,
        });
        if let Some(algorithm) = algorithm {
            job["id_token_alg"] = algorithm.into();
        }
        let life = node(&scripts, "code_flow.mjs", &home, &job);
        assert_eq!((&life["pushed"], &life["rotated"]), (&true.into(), &true.into()), "{library}: {life}");
        assert_eq!(
            (&life["iss"], &life["id_token_alg"]),
            (&home.issuer().into(), &algorithm.unwrap_or("RS256").into())
        );
        assert_eq!((&life["id_token"]["aud"], &life["id_token"]["sub"]), (&library.into(), &life["before"]["sub"]));
        assert_eq!((&life["before"]["active"], &life["before"]["client_id"]), (&true.into(), &library.into()));
        assert_eq!(life["after"], json!({ "active": false }), "{library}");
    }
}

#[test]
fn a_client_whose_id_is_a_url_uses_an_authorization_to_its_end() {
    let Some(scripts) = browser() else { return };
    let (home, host) = (TestHome::new(), DocumentHost::start());
    home.append(
        "[oauth.client_id_metadata]\nmode = \"any\"\nscopes = \"openid orders.read\"\nallowed_private_hosts = [\"localhost\"]\n",
    );
    add_user(&home);
    generate(&home, "agent", "p-256");
    let set: Value = serde_json::from_slice(&std::fs::read(home.conf("agent.jwks.json")).unwrap()).unwrap();
    host.serve("/jwks.json", Page::Json(set));
    let id = host.client(
        "/client.json",
        &json!({
            "client_name": "An agent", "redirect_uris": [REDIRECT_URI], "jwks_uri": host.url("/jwks.json"),
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "private_key_jwt",
        }),
    );
    let (name, file) = host.authority();
    let _server = Server::start_with(&home, &[], &[(name, file.to_str().unwrap())]);
    let job = json!({
        "library": "openid-client", "issuer": home.issuer(), "client_id": id, "redirect_uri": REDIRECT_URI,
        "key_file": home.conf("agent-private.pem"), "scope": "openid orders.read",
        "username": USERNAME, "password": PASSWORD,
    });
    let life = node(&scripts, "code_flow.mjs", &home, &job);
    assert_eq!((&life["pushed"], &life["rotated"]), (&true.into(), &true.into()), "{life}");
    assert_eq!((&life["id_token"]["aud"], &life["before"]["client_id"]), (&id.as_str().into(), &id.as_str().into()));
    assert_eq!(life["after"], json!({ "active": false }));
    assert_eq!(host.requests(), 2, "one document, one key set");
}

#[test]
fn openid_client_asks_who_the_user_is_and_ends_the_session() {
    let Some(scripts) = browser() else { return };
    let home = TestHome::new();
    add_user(&home);
    generate(&home, "app", "p-256");
    let bye = "http://localhost:8080/playground2/bye";
    register(&home, "app", &format!("jwks_file = \"app.jwks.json\"\npost_logout_redirect_uris = [\"{bye}\"]\n"));
    home.replace("scope = \"orders.read orders.write\"", "scope = \"orders.read profile\"");
    let _server = Server::start(&home);
    let job = json!({
        "issuer": home.issuer(), "client_id": "app", "key_file": home.conf("app-private.pem"),
        "redirect_uri": REDIRECT_URI, "post_logout_redirect_uri": bye, "scope": "openid profile",
        "username": USERNAME, "password": PASSWORD,
    });
    let done = node(&scripts, "logout.mjs", &home, &job);
    assert_eq!((&done["userinfo"]["sub"], &done["userinfo"]["preferred_username"]), (&done["sub"], &USERNAME.into()));
    assert!(done["before"]["code"].is_string(), "{done}");
    assert_eq!(parameter(done["left_to"].as_str().unwrap(), "state"), "bye & bye");
    assert_eq!(done["after"]["error"], "login_required");
}
