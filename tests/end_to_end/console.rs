//! The operator's console: in a real browser without scripts, and against pages of other sites.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::{browser, node};
use crate::client::TestClient;
use crate::documentation::{CLIENT_ID, assertion, make_keys, shell};
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::installing::panicking;
use crate::operator::{PLUGIN, version};
use crate::program::{DROPINS, installed};
use crate::server::Server;

/// The key of the server itself, as a default pack has one.
const OWN_KEY: &str = "keytool -genkeypair -alias wso2carbon -keyalg RSA -keystore ../resources/security/wso2carbon.p12 \
                       -storetype PKCS12 -storepass wso2carbon -keypass wso2carbon -dname CN=localhost,O=WSO2";

/// What `dropins console` prints.
fn code(home: &TestHome) -> (String, String) {
    let printed = home.dropins(&["console", "--json"]).succeeded().json();
    let text = |name: &str| printed[name].as_str().unwrap().to_owned();
    (text("address"), text("code"))
}

/// A browser of an operator, as far as HTTP goes.
struct Operator<'a> {
    server: &'a Server,
    cookie: String,
    csrf: String,
}

impl<'a> Operator<'a> {
    fn sign_in(home: &TestHome, server: &'a Server) -> Self {
        let signed = enter(server, &code(home).1);
        assert_eq!((signed.status, signed.header("location")), (303, "/console/"), "{signed:?}");
        let cookie = signed.cookies[0].split(';').next().unwrap().to_owned();
        let page =
            server.http().send(Request::new(Method::GET, server.admin_url("/console/")).header("cookie", &cookie));
        let csrf = page.body.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
        Self { server, cookie, csrf }
    }

    fn get(&self, path: &str) -> Answer {
        let request = Request::new(Method::GET, self.server.admin_url(path));
        self.server.http().send(request.header("cookie", &self.cookie))
    }

    /// A post as one of the console's own pages sends it, to be spoiled further.
    fn request(&self, path: &str, fields: &[(&str, &str)]) -> Request {
        post(self.server, path, &[&[("csrf", &*self.csrf)], fields].concat()).header("cookie", &self.cookie)
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.server.http().send(self.request(path, fields).header("origin", self.server.admin_url("")))
    }
}

fn post(server: &Server, path: &str, fields: &[(&str, &str)]) -> Request {
    Request::form(server.admin_url(path), fields)
}

/// What the sign-in page posts.
fn enter(server: &Server, word: &str) -> Answer {
    let request = post(server, "/console/sign-in", &[("word", word)]);
    server.http().send(request.header("origin", server.admin_url("")))
}

/// Where the pictures of the pages stay.
fn screenshots() -> PathBuf {
    let folder = Path::new(DROPINS).ancestors().nth(2).unwrap().join("screenshots/console");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn an_operator_does_everything_in_a_browser_without_scripts() {
    if !installed(&["keytool", "openssl"]) {
        return;
    }
    let Some(scripts) = browser() else { return };
    let home = TestHome::new();
    make_keys(&home);
    home.append("[keystore.primary]\nfile_name = \"wso2carbon.p12\"\npassword = \"wso2carbon\"\n");
    let log = "format = \"json\"\nfile = \"repository/logs/dropins.log\"\nrotate = \"never\"";
    home.replace("format = \"human\"", log);
    shell(&home.conf(""), OWN_KEY).succeeded();
    let (broken, good) = (home.path("broken.wasm"), home.path("good.wasm"));
    std::fs::write(&broken, panicking()).unwrap();
    std::fs::write(&good, version(2)).unwrap();
    let server = Server::start(&home);
    let (address, code) = code(&home);
    assert_eq!(address, server.admin_url("/console/"));

    let state = home.path("browser-state.json");
    let mut job = json!({
        "part": "register", "state": state, "address": address, "code": code, "client_id": CLIENT_ID,
        "certificate": home.conf(CLIENT_ID),
    });
    let registered = node(&scripts, "console.mjs", &home, &job);
    has(&registered["refused"], &["neither a valid code nor the token"]);
    has(&registered["imported"], &["was imported into the Primary keystore"]);
    has(&registered["mistake"], &["Choose at least one grant type"]);
    has(&registered["added"], &["Added the client"]);
    has(&registered["client"], &["Today’s app", "keystore", "orders.read orders.write", "private_key_jwt"]);

    let good_assertion = assertion(&home, "10003");
    server.authenticate(&good_assertion).token();
    let rejected = server.authenticate(&good_assertion).reference();
    let log = std::fs::read_to_string(home.path("repository/logs/dropins.log")).unwrap();
    let of_token = |line: &&Value| line["outcome"] == "authenticated" && line["client"] == CLIENT_ID;
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let accepted = lines.iter().find(of_token).unwrap()["reference"].as_str().unwrap().to_owned();

    job["part"] = "operate".into();
    job["references"] = json!({ "accepted": accepted, "rejected": rejected });
    job["broken"] = json!(broken);
    job["good"] = json!(good);
    job["screenshots"] = json!(screenshots());
    let operated = node(&scripts, "console.mjs", &home, &job);
    has(&operated["found"]["accepted"], &["What the log says", "authenticated", CLIENT_ID]);
    has(&operated["found"]["rejected"], &["replayed", "Rule by rule", "passed", "FAILED", "To fix it"]);
    has(&operated["listed"], &[&rejected, CLIENT_ID]);
    has(&operated["broken"]["notice"], &["broken.wasm is not installed", "panicked at src/lib.rs:34:48"]);
    has(&operated["good"]["notice"], &["Installed", PLUGIN, "canary", "published generation 2"]);
    has(&operated["back"]["notice"], &["rolled back to generation 1"]);
    assert_eq!(server.admin_get("/status").json()["generation"], 1);
    has(&operated["out"], &["You are signed out"]);
    assert!(operated["after"].as_str().unwrap().ends_with("/console/sign-in"), "{operated}");

    let violations = operated["looks"]["violations"].as_array().unwrap();
    let is_serious = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
    let serious: Vec<_> = violations.iter().filter(is_serious).collect();
    assert!(serious.is_empty(), "{serious:#?}");
    let audit = std::fs::read_to_string(home.path("repository/logs/dropins.log")).unwrap();
    for action in ["sign-in", "keystore-import", "client-add", "plugin-install", "rollback", "sign-out"] {
        assert!(audit.contains(&format!("\"action\":\"{action}\"")), "{action} is not in the audit log");
    }
    assert!(!audit.contains(&code), "the code is in the log");
}

#[track_caller]
fn has(text: &Value, parts: &[&str]) {
    let text = text.as_str().unwrap();
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}

#[test]
fn a_code_signs_in_once_and_wrong_words_are_bounded() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let (_, code) = code(&home);
    let signed = enter(&server, &code);
    let cookie = &signed.cookies[0];
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/console/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(enter(&server, &code).status, 403, "once");
    assert_eq!(server.admin_get("/console/clients").header("location"), "/console/sign-in");
    // The one above counts too.
    for _ in 0..19 {
        assert_eq!(enter(&server, "wrong").status, 403);
    }
    let bounded = enter(&server, "wrong");
    assert_eq!(bounded.status, 429, "{bounded:?}");
    assert!(bounded.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds <= 60));
    assert_eq!(enter(&server, &self::code(&home).1).status, 303, "a new code is accepted all the same");
}

#[test]
fn the_admin_token_signs_in_until_it_is_replaced() {
    let home = TestHome::new();
    home.replace("# token = \"$env{DROPINS_ADMIN_TOKEN}\"", "token = \"a-long-admin-token\"");
    let server = Server::start(&home);
    assert_eq!(enter(&server, "another-admin-token").status, 403);
    let signed = enter(&server, "a-long-admin-token");
    assert_eq!(signed.status, 303, "{signed:?}");
    let cookie = signed.cookies[0].split(';').next().unwrap();
    let get = || {
        let request = Request::new(Method::GET, server.admin_url("/console/configuration")).header("cookie", cookie);
        server.http().send(request)
    };
    let page = get();
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("a-long-admin-token") && page.body.contains("••••"), "{}", page.body);
    home.replace("a-long-admin-token", "a-newer-admin-token");
    home.dropins(&["reload"]).succeeded();
    assert_eq!(get().header("location"), "/console/sign-in");
}

#[test]
fn over_tls_the_console_and_the_tools_use_the_certificate_of_the_server() {
    let home = TestHome::new();
    home.replace(&format!("listen = \"{}\"", home.admin), &format!("listen = \"{}\"\ntls = true", home.admin));
    home.replace("# token = \"$env{DROPINS_ADMIN_TOKEN}\"", "token = \"a-long-admin-token\"");
    let server = Server::start(&home);
    let (address, code) = code(&home);
    let url = address.strip_suffix("/console/").unwrap().to_owned();
    assert_eq!(url, format!("https://{}", home.admin));
    let status = home.dropins(&["status", "--json", "--admin", &url]).succeeded().json();
    assert_eq!(status["ready"], true);
    let entered = Request::form(format!("{address}sign-in"), &[("word", &*code)]);
    let signed = server.http().send(entered.header("origin", &*url));
    let cookie = &signed.cookies[0];
    assert!(cookie.starts_with("__Secure-dropins-console=") && cookie.ends_with("; Secure"), "{cookie}");
    let page = Request::new(Method::GET, &*address).header("cookie", cookie.split(';').next().unwrap());
    assert_eq!(server.http().send(page).status, 200);
    home.replace(&format!("\"{}\"\ntls = true", home.admin), &format!("\"{}\"\ntls = false", home.admin));
    home.dropins(&["reload"]).succeeded();
    let waiting = home.dropins(&["status"]).succeeded().stdout;
    assert!(waiting.contains("[transport.admin]") && waiting.contains("needs a restart"), "{waiting}");
}

#[test]
fn no_page_of_another_site_changes_or_reads_anything() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let operator = Operator::sign_in(&home, &server);
    let own = server.admin_url("");
    let add = || operator.request("/console/clients/new", &[("id", "forged"), ("grant", "client_credentials")]);
    let other_port = format!("http://127.0.0.1:{}", home.https.port());
    for (what, request) in [
        ("no origin", add()),
        ("another origin", add().header("origin", "https://evil.example")),
        ("another port", add().header("origin", &*other_port)),
        ("no origin that is told", add().header("origin", "null")),
        ("another site", add().header("origin", &*own).header("sec-fetch-site", "cross-site")),
        ("a site beside", add().header("origin", &*own).header("sec-fetch-site", "same-site")),
        ("a name that leads here", add().header("origin", "http://evil.example").header("host", "evil.example")),
    ] {
        let answer = server.http().send(request);
        assert_eq!(answer.status, 403, "{what}: {answer:?}");
    }
    let fields = [("id", "forged"), ("grant", "client_credentials")];
    for (what, csrf) in [("no token", ""), ("another token", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")] {
        let request = post(&server, "/console/clients/new", &[&[("csrf", csrf)], &fields[..]].concat());
        let answer = server.http().send(request.header("cookie", &operator.cookie).header("origin", &*own));
        assert_eq!(answer.status, 403, "{what}: {answer:?}");
    }
    let without_cookie = post(&server, "/console/clients/new", &[&[("csrf", &*operator.csrf)], &fields[..]].concat());
    let answer = server.http().send(without_cookie.header("origin", &*own));
    assert_eq!((answer.status, answer.header("location")), (303, "/console/sign-in"));
    for (name, value) in [("sec-fetch-site", "cross-site"), ("host", "evil.example")] {
        let request = Request::new(Method::GET, server.admin_url("/console/")).header("cookie", &operator.cookie);
        assert_eq!(server.http().send(request.header(name, value)).status, 403, "{name}: {value}");
    }
    assert!(!home.dropins(&["client", "list", "--json"]).succeeded().stdout.contains("forged"));
    assert_eq!(operator.post("/console/clients/new", &fields).status, 303);
    assert!(home.dropins(&["client", "list", "--json"]).succeeded().stdout.contains("forged"), "its own page may");
    let policy = operator.get("/console/").header("content-security-policy").to_owned();
    for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part) && !policy.contains("unsafe"), "{policy}");
    }
    assert_eq!(server.get("/console/").status, 404, "not on the public listener");
}

#[test]
fn no_page_shows_a_secret_or_a_private_key() {
    let home = TestHome::new();
    let password = home.deployment().split_once("[super_admin]").unwrap().1.to_owned();
    let password = password.split("password = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    home.append("[[service_provider]]\nclient_id = \"declared\"\nclient_secret = \"hunter2hunter2\"\n");
    home.dropins(&["client", "add", "stored", "--secret"]).succeeded();
    let server = Server::start(&home);
    let operator = Operator::sign_in(&home, &server);
    for path in [
        "/console/",
        "/console/clients",
        "/console/clients/audience",
        "/console/clients/show?id=declared",
        "/console/clients/show?id=stored",
        "/console/clients/edit?id=stored",
        "/console/configuration",
        "/console/configuration?page=2",
        "/console/configuration?page=3",
        "/console/configuration?page=4",
    ] {
        let page = operator.get(path);
        assert_eq!(page.status, 200, "{path}");
        for secret in ["hunter2", &*password, "argon2id$", "PRIVATE KEY"] {
            assert!(!page.body.contains(secret), "{secret} is on {path}");
        }
    }
    assert!(operator.get("/console/configuration?text=service_provider").body.contains("••••"));
}

#[test]
fn clients_are_searched_edited_disabled_and_their_keys_imported() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let operator = Operator::sign_in(&home, &server);
    for number in 0..60 {
        let id = format!("app-{number:02}");
        let fields = [("id", &*id), ("name", "App"), ("grant", "client_credentials"), ("enabled", "true")];
        assert_eq!(operator.post("/console/clients/new", &fields).status, 303);
    }
    let list = |query: &str| operator.get(&format!("/console/clients{query}")).body;
    assert!(list("").contains("1 to 50 of 60") && !list("").contains("app-59"));
    assert!(list("?page=2").contains("app-59"));
    assert!(list("?sort=0&amp;down=1").contains("aria-sort") && list("?text=APP-3").contains("app-39"));
    assert!(!list("?text=app-3").contains("app-40"));

    let show = |id: &str| operator.get(&format!("/console/clients/show?id={id}")).body;
    crate::keys::generate(&home, "app-00", "p-256");
    let jwks = std::fs::read_to_string(home.conf("app-00.jwks.json")).unwrap();
    let answer = operator.post("/console/clients/keys", &[("id", "app-00"), ("keys_text", &*jwks)]);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(show("app-00").contains("P-256") || show("app-00").contains("ES256"), "{}", show("app-00"));
    let private = std::fs::read_to_string(home.conf("app-00-private.pem")).unwrap();
    operator.post("/console/clients/keys", &[("id", "app-00"), ("keys_text", &*private)]);
    let refused = show("app-00");
    assert!(refused.contains("role=\"alert\"") && !refused.contains("BEGIN PRIVATE"), "{refused}");

    operator.post("/console/clients/enable", &[("id", "app-00")]);
    assert!(show("app-00").contains("disabled"));
    let edited = [("id", "app-00"), ("name", "Other"), ("grant", "client_credentials"), ("Profile", "fapi2")];
    let stale = operator.post("/console/clients/edit", &edited);
    assert_eq!(stale.status, 422, "it was changed meanwhile");
    let form = operator.get("/console/clients/edit?id=app-00").body;
    let revision = form.split_once("name=\"revision\" value=\"").unwrap().1.split('"').next().unwrap();
    let answer = operator.post("/console/clients/edit", &[&edited[..], &[("revision", revision)]].concat());
    assert_eq!(answer.status, 303, "{answer:?}");
    let page = show("app-00");
    assert!(page.contains("Other") && page.contains("Profile = fapi2"), "{page}");
    operator.post("/console/clients/remove", &[("id", "app-00"), ("sure", "true")]);
    home.dropins(&["client", "show", "app-00"]).failed(&["there is no client"]);
}

#[test]
fn every_key_is_listed_with_its_meaning_and_editors_find_the_schema() {
    let home = TestHome::new();
    let keys = home.dropins(&["config", "keys", "transport.admin", "--json"]);
    let keys = keys.json();
    assert_eq!((&keys[0]["path"], &keys[0]["takes_effect"]), (&"transport.admin.listen".into(), &"restart".into()));
    let schema = crate::program::dropins(&["config", "schema"]).succeeded().json();
    let written: Value =
        serde_json::from_str(&std::fs::read_to_string(home.conf("deployment.schema.json")).unwrap()).unwrap();
    assert_eq!(schema, written);
    assert!(home.deployment().starts_with("#:schema ./deployment.schema.json\n"));
    crate::program::dropins(&["config", "keys", "nothing"]).failed(&["there is no section [nothing]"]);
}

#[test]
fn clients_are_shown_by_the_audience_that_they_sent() {
    let home = TestHome::new();
    let [good, bad] = ["good", "bad"].map(|id| TestClient::register(&home, id));
    let server = Server::start(&home);
    server.authenticate(&good.mint()).token();
    server.authenticate(&bad.assertion().claim("aud", home.token_endpoint()).sign()).token();
    let operator = Operator::sign_in(&home, &server);
    let page = operator.get("/console/clients/audience").body;
    assert!(page.contains("would reject 1 of the 2 clients") && page.contains(&home.token_endpoint()), "{page}");
    home.replace("AudienceReport = \"strict\"\n", "");
    home.dropins(&["reload"]).succeeded();
    assert!(operator.get("/console/clients/audience").body.contains("is not noted"));
}
