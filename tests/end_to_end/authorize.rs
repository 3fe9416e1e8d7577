//! `/oauth2/authorize` as a browser sees it: pages, forms, cookies and redirects, without a script.

use std::cell::RefCell;
use std::collections::BTreeMap;

use reqwest::{Method, Url};

use crate::client::TestClient;
use crate::database_server::{Engine, TestDatabase};
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::program::{DROPINS, command, run};
use crate::server::{ASSERTION_TYPE, Server};
use crate::servers::{Proxy, Traffic};
use crate::wait::until;

const CALLBACK: &str = "http://localhost:8080/playground2/oauth2client";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const PASSWORD: &str = "correct horse";

/// A browser: it keeps cookies and posts forms as they are on the page.
pub(crate) struct TestBrowser<'a> {
    server: &'a Server,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// A form of a page.
struct TestForm {
    action: String,
    hidden: Vec<(String, String)>,
}

impl<'a> TestBrowser<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        Self { server, cookies: RefCell::default() }
    }

    fn send(&self, mut request: Request) -> Answer {
        let cookies: Vec<_> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let answer = self.server.http().send(request);
        for set in &answer.cookies {
            let (name, value) = set.split(';').next().and_then(|pair| pair.split_once('=')).unwrap();
            assert!(set.contains("HttpOnly; SameSite=Lax; Secure") && name.starts_with("__Host-"), "{set}");
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Opens a URL of the server and follows its redirects as long as they stay there.
    pub(crate) fn open(&self, url: &str) -> Answer {
        self.follow(self.send(Request::new(Method::GET, url)))
    }

    fn follow(&self, mut answer: Answer) -> Answer {
        while answer.status == 303 && answer.header("location").starts_with('/') {
            answer = self.send(Request::new(Method::GET, self.server.url(answer.header("location"))));
        }
        answer
    }

    /// Posts the form of a page with what a person adds.
    pub(crate) fn submit(&self, page: &Answer, added: &[(&str, &str)]) -> Answer {
        let form = form(page);
        let hidden = form.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let fields: Vec<_> = hidden.chain(added.iter().copied()).collect();
        let request = Request::form(self.server.url(&form.action), &fields);
        self.follow(self.send(request.header("sec-fetch-site", "same-origin")))
    }

    pub(crate) fn sign_in(&self, page: &Answer, password: &str) -> Answer {
        self.submit(page, &[("username", "jane"), ("password", password)])
    }
}

#[track_caller]
fn form(page: &Answer) -> TestForm {
    let value_of = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name} in {tag}"));
        rest.split_once('"').unwrap().0.to_owned()
    };
    let tags = |start: &'static str| page.body.split(start).skip(1).map(|rest| rest.split_once('>').unwrap().0);
    let form = tags("<form ").next().unwrap_or_else(|| panic!("no form in {page:?}"));
    let hidden = tags("<input ").filter(|tag| tag.contains("type=\"hidden\""));
    TestForm {
        action: value_of(form, "action"),
        hidden: hidden.map(|tag| (value_of(tag, "name"), value_of(tag, "value"))).collect(),
    }
}

/// The parameters of the answer that the client gets.
#[track_caller]
fn returned(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = Url::parse(answer.header("location")).unwrap();
    assert!(location.as_str().starts_with(CALLBACK), "{location}");
    location.query_pairs().into_owned().collect()
}

#[track_caller]
pub(crate) fn is_page(answer: &Answer, status: u16, title: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.body.contains(&format!("<h1>{title}")), "`{title}` in {answer:?}");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
    for inline in ["<script", "<style", " style=", " onclick="] {
        assert!(!answer.body.contains(inline), "{inline} in {answer:?}");
    }
    assert_eq!(answer.body.matches("<h1>").count(), 1);
}

/// A home with a client that may use codes, and a user.
fn home() -> (TestHome, TestClient) {
    furnished(TestHome::new())
}

/// The same in an existing home.
fn furnished(home: TestHome) -> (TestHome, TestClient) {
    let client = TestClient::unregistered(&home, "app");
    let jwks = serde_json::json!({ "keys": [client.key.public_jwk()] });
    std::fs::write(home.conf("app.jwks.json"), jwks.to_string()).unwrap();
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"app\"\nclient_name = \"Orders <b>& more</b>\"\n\
         token_endpoint_auth_method = \"private_key_jwt\"\njwks_file = \"app.jwks.json\"\n\
         grant_types = [\"authorization_code\", \"refresh_token\"]\nscope = \"orders.read email\"\n\
         redirect_uris = [\"{CALLBACK}\"]\n"
    ));
    add_user(&home);
    (home, client)
}

/// Adds the user whose password is known.
pub(crate) fn add_user(home: &TestHome) {
    let file = home.path("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    user(home, &["add", "jane", "--password-file", file.to_str().unwrap()]);
}

fn user(home: &TestHome, arguments: &[&str]) -> String {
    let (verb, rest) = arguments.split_first().unwrap();
    run(command(DROPINS).args(["user", verb, "--home", home.root()]).args(rest)).succeeded().stdout
}

fn authorize(server: &Server, further: &str) -> String {
    let callback = CALLBACK.replace(':', "%3A").replace('/', "%2F");
    let query =
        format!("response_type=code&client_id=app&redirect_uri={callback}&scope=openid+orders.read&state=s+%26+t");
    server.url(&format!("/oauth2/authorize?{query}&{further}"))
}

#[test]
fn a_person_signs_in_and_consents_once_and_the_code_yields_tokens() {
    let (home, client) = home();
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    let page = browser.open(&authorize(&server, &format!("code_challenge={CHALLENGE}&code_challenge_method=S256")));
    is_page(&page, 200, "Sign in");
    assert!(page.body.contains("Orders &#60;b&#62;&#38; more&#60;/b&#62;"), "names are escaped: {page:?}");
    assert!(page.header("content-security-policy").contains("form-action 'self' http://localhost:8080;"));

    let page = browser.sign_in(&page, PASSWORD);
    is_page(&page, 200, "Allow");
    for text in ["jane", "Know who you are", "Act for you within:", "<li>orders.read</li>", "http://localhost:8080"] {
        assert!(page.body.contains(text), "{text} in {page:?}");
    }
    let answer = returned(&browser.submit(&page, &[("decision", "allow")]));
    assert_eq!((answer["state"].as_str(), &answer["iss"]), ("s & t", &home.issuer()));
    let assertion = client.mint();
    let tokens = server.post(&[
        ("grant_type", "authorization_code"),
        ("code", &answer["code"]),
        ("redirect_uri", CALLBACK),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ]);
    assert_eq!(tokens.token()["scope"], "openid orders.read");

    let again = returned(&browser.open(&authorize(&server, "prompt=none")));
    assert_ne!(again["code"], answer["code"], "a person is asked once");
    is_page(&browser.open(&authorize(&server, "prompt=consent")), 200, "Allow");
    is_page(&browser.open(&authorize(&server, "prompt=login")), 200, "Sign in");
    let stranger = TestBrowser::new(&server);
    assert_eq!(returned(&stranger.open(&authorize(&server, "prompt=none")))["error"], "login_required");
}

#[test]
fn a_person_who_denies_returns_without_a_code_and_another_can_sign_in() {
    let (home, _) = home();
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    let consent = browser.sign_in(&browser.open(&authorize(&server, "")), PASSWORD);
    let denied = returned(&browser.submit(&consent, &[("decision", "deny")]));
    assert_eq!((denied["error"].as_str(), denied["state"].as_str()), ("access_denied", "s & t"));
    assert!(denied.contains_key("iss") && !denied.contains_key("code"));
    let other = browser.submit(&consent, &[("decision", "switch")]);
    is_page(&other, 200, "Sign in");
    assert_eq!(returned(&browser.open(&authorize(&server, "prompt=none")))["error"], "login_required");
}

#[test]
fn unknown_users_and_wrong_passwords_look_the_same_and_become_slow() {
    let (home, _) = home();
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    let page = browser.open(&authorize(&server, ""));
    let message = "The username or the password is not right.";
    let unknown = browser.submit(&page, &[("username", "\"><script>"), ("password", PASSWORD)]);
    is_page(&unknown, 403, "Sign in");
    assert!(unknown.body.contains(message) && unknown.body.contains("value=\"&#34;&#62;&#60;script&#62;\""));
    for _ in 0..5 {
        let wrong = browser.sign_in(&page, "wrong");
        is_page(&wrong, 403, "Sign in");
        assert!(wrong.body.contains(message) && !wrong.body.contains("value=\"wrong\""), "{wrong:?}");
    }
    let slow = browser.sign_in(&page, PASSWORD);
    is_page(&slow, 429, "Sign in");
    assert!(slow.header("retry-after").parse::<u64>().unwrap() >= 1, "{slow:?}");
    let metrics = server.admin_get("/metrics").body;
    for (result, count) in [("signed-in", 0), ("refused", 6), ("too-often", 1)] {
        let line = format!("dropins_sign_ins_total{{result=\"{result}\"}} {count}\n");
        assert!(metrics.contains(&line), "`{line}` is missing in\n{metrics}");
    }
}

#[test]
fn the_log_says_why_a_sign_in_was_rejected() {
    let (home, _) = home();
    user(&home, &["disable", "jane"]);
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    let page = browser.open(&authorize(&server, ""));
    is_page(&browser.sign_in(&page, PASSWORD), 403, "Sign in");
    server.logged("disabled-user");
    user(&home, &["enable", "jane"]);
    is_page(&browser.sign_in(&page, "wrong"), 403, "Sign in");
    server.logged("wrong-password");
    is_page(&browser.submit(&page, &[("username", "nobody"), ("password", PASSWORD)]), 403, "Sign in");
    server.logged("unknown-user");
}

#[test]
fn an_attacker_who_guesses_does_not_keep_a_user_out_of_a_browser_that_was_used_before() {
    let (home, _) = home();
    let server = Server::start(&home);
    let (known, attacker) = (TestBrowser::new(&server), TestBrowser::new(&server));
    is_page(&known.sign_in(&known.open(&authorize(&server, "")), PASSWORD), 200, "Allow");
    let page = attacker.open(&authorize(&server, ""));
    for _ in 0..5 {
        is_page(&attacker.sign_in(&page, "wrong"), 403, "Sign in");
    }
    is_page(&attacker.sign_in(&page, PASSWORD), 429, "Sign in");
    is_page(&known.sign_in(&known.open(&authorize(&server, "prompt=login")), PASSWORD), 200, "Allow");
}

#[test]
fn an_attempt_that_the_database_could_not_judge_is_no_failure() {
    for engine in [Engine::Postgres, Engine::Mariadb] {
        let Some(database) = TestDatabase::new(engine) else { continue };
        let proxy = Proxy::to(database.port());
        let home = TestHome::new();
        database.configure_by(&home, &database.url_by(proxy.port()));
        let (home, _) = furnished(home);
        let server = Server::start(&home);
        let browser = TestBrowser::new(&server);
        let page = browser.open(&authorize(&server, ""));
        proxy.set(Traffic::Cut);
        for _ in 0..8 {
            is_page(&browser.sign_in(&page, PASSWORD), 503, "This did not work");
        }
        proxy.set(Traffic::Flows);
        let answer = until("the database is there again", || {
            Some(browser.sign_in(&page, PASSWORD)).filter(|answer| answer.status != 503)
        });
        is_page(&answer, 200, "Allow");
    }
}

/// The statuses of sign-ins with a wrong password, through a proxy that forwards these addresses.
fn guess(server: &Server, names: std::ops::Range<u32>, forwarded_for: impl Fn(u32) -> String) -> Vec<u16> {
    let browser = TestBrowser::new(server);
    let form = form(&browser.open(&authorize(server, "")));
    let post = |number: u32| {
        let name = format!("user-{number}");
        let fields = [("ticket", form.hidden[0].1.as_str()), ("username", &name), ("password", "wrong")];
        let request = Request::form(server.url(&form.action), &fields);
        browser.send(request.header("x-forwarded-for", forwarded_for(number))).status
    };
    names.map(post).collect()
}

#[test]
fn behind_a_trusted_proxy_every_forwarded_address_is_slowed_down_alone() {
    let (home, _) = home();
    home.append("[transport]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let server = Server::start(&home);
    // The client may write entries before it; the proxy appends the client's address.
    let mut statuses = guess(&server, 0..40, |number| format!("203.0.113.{number}, 192.0.2.1")).into_iter();
    assert!(statuses.by_ref().take(30).all(|status| status == 403), "people mistype");
    assert!(statuses.any(|status| status == 429));
    assert_eq!(guess(&server, 40..45, |_| "192.0.2.2:4711".to_owned()), [403; 5]);
    server.logged("address=192.0.2.2");
}

#[test]
fn a_forwarded_address_from_an_untrusted_peer_is_ignored() {
    let (home, _) = home();
    home.append("[transport]\ntrusted_proxies = [\"10.0.0.0/8\"]\n");
    let server = Server::start(&home);
    let statuses = guess(&server, 0..40, |_| "192.0.2.1".to_owned());
    assert_eq!(statuses, [403; 40], "this machine is slowed down by account only");
    server.logged("address=127.0.0.1");

    home.replace("[\"10.0.0.0/8\"]", "[\"127.0.0.0/8\"]");
    home.dropins(&["reload"]).succeeded();
    assert_eq!(guess(&server, 40..41, |_| "192.0.2.1".to_owned()), [403]);
    server.logged("address=192.0.2.1");
}

#[test]
fn a_post_from_another_origin_does_nothing() {
    let (home, _) = home();
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    let page = browser.open(&authorize(&server, ""));
    let form = form(&page);
    let ticket = form.hidden[0].1.as_str();
    let fields = [("ticket", ticket), ("username", "jane"), ("password", PASSWORD)];
    let post = |fields: &[(&str, &str)]| Request::form(server.url(&form.action), fields);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        is_page(&browser.send(post(&fields).header(name, value)), 403, "This did not work");
    }
    is_page(&browser.send(post(&fields[1..])), 400, "This did not work");
    is_page(&TestBrowser::new(&server).send(post(&fields)), 400, "This did not work");
    let attacker = TestBrowser::new(&server);
    let theirs = self::form(&attacker.open(&authorize(&server, ""))).hidden[0].1.clone();
    let forged = [("ticket", theirs.as_str()), ("username", "jane"), ("password", PASSWORD)];
    is_page(&browser.send(post(&forged)), 400, "This did not work");
    assert_eq!(browser.send(post(&fields).header("origin", home.issuer())).status, 303, "our own page may");
}

#[test]
fn a_session_is_another_one_after_signing_in_and_gone_after_signing_out() {
    let (home, _) = home();
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    let page = browser.open(&authorize(&server, ""));
    let before = browser.cookies.borrow().clone();
    browser.sign_in(&page, PASSWORD);
    let after = browser.cookies.borrow().clone();
    let session = |cookies: &BTreeMap<String, String>| cookies["__Host-dropins"].clone();
    assert_ne!(session(&before), session(&after));
    let new: Vec<_> = after.keys().filter(|name| !before.contains_key(*name)).collect();
    assert_eq!(new, ["__Host-dropins-device"]);
    let planted = TestBrowser { server: &server, cookies: RefCell::new(before) };
    assert_eq!(returned(&planted.open(&authorize(&server, "prompt=none")))["error"], "login_required");

    let page = browser.open(&server.url("/oauth2/logout"));
    is_page(&page, 200, "Sign out?");
    is_page(&browser.submit(&page, &[]), 200, "You are signed out");
    let stolen = TestBrowser { server: &server, cookies: RefCell::new(after) };
    for browser in [&browser, &stolen] {
        assert_eq!(returned(&browser.open(&authorize(&server, "prompt=none")))["error"], "login_required");
    }
}

#[test]
fn a_mistake_is_shown_until_the_redirect_uri_is_trusted_and_told_to_the_client_after_that() {
    let (home, _) = home();
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    for query in [
        "",
        "client_id=nobody&response_type=code",
        "client_id=app&client_id=app&response_type=code",
        "client_id=app&response_type=code&redirect_uri=http://localhost:8080/playground2/oauth2clien",
        "client_id=app&response_type=code&redirect_uri=http://localhost:8081/playground2/oauth2client",
        "client_id=app&request_uri=urn:ietf:params:oauth:request_uri:nothing",
        "client_id=app&response_type=code&state=%ff",
        "ticket=AAAA",
    ] {
        let shown = browser.open(&server.url(&format!("/oauth2/authorize?{query}")));
        is_page(&shown, 400, "This did not work");
        assert!(shown.body.contains("class=\"reference\"") && shown.header("location").is_empty(), "{query}");
    }
    for (further, error) in [
        ("response_mode=fragment", "invalid_request"),
        ("code_challenge=x", "invalid_request"),
        ("request=e30.e30.", "request_not_supported"),
        ("prompt=none", "login_required"),
    ] {
        let told = returned(&browser.open(&authorize(&server, further)));
        assert_eq!((told["error"].as_str(), &told["iss"]), (error, &home.issuer()), "{further}");
        assert!(told["error_description"].contains("(reference "), "{told:?}");
    }
    let posted = Request::form(server.url("/oauth2/authorize"), &[("client_id", "app"), ("response_type", "code")]);
    is_page(&browser.follow(browser.send(posted)), 200, "Sign in");
}

#[test]
fn a_client_to_which_users_never_sign_in_looks_like_an_unknown_one() {
    let (home, _) = home();
    TestClient::register(&home, "machine");
    home.append(
        "[[service_provider]]\nclient_id = \"nowhere\"\ntoken_endpoint_auth_method = \"client_secret_post\"\n\
         client_secret = \"0123456789abcdef0123456789abcdef\"\ngrant_types = [\"client_credentials\"]\n\
         redirect_uris = [\"http://localhost:8080/cb\"]\n",
    );
    let server = Server::start(&home);
    let shown = |client: &str| {
        let page = TestBrowser::new(&server).open(&server.url(&format!("/oauth2/authorize?client_id={client}")));
        is_page(&page, 400, "This did not work");
        let (before, reference) = page.body.split_once("class=\"reference\">").unwrap();
        (before.to_owned(), reference.split_once('<').unwrap().1.to_owned())
    };
    assert_eq!(shown("machine"), shown("nobody"));
    assert_eq!(shown("nowhere"), shown("nobody"));
    server.logged("has no grant type authorization_code");
}

#[test]
fn a_wrong_redirect_uri_is_shown_to_the_developer_with_the_way_back() {
    let (home, _) = home();
    let server = Server::start(&home);
    let query = "client_id=app&response_type=code&redirect_uri=https://evil.example/%22%3E%3Cscript%3E";
    let page = TestBrowser::new(&server).open(&server.url(&format!("/oauth2/authorize?{query}")));
    is_page(&page, 400, "This did not work");
    assert!(page.body.contains("<strong>https://evil.example/&#34;&#62;&#60;script&#62;</strong>"), "{page:?}");
    assert!(page.body.contains("href=\"http://localhost:8080/\"") && !page.body.contains("href=\"https://evil"));
    assert!(page.body.contains("class=\"warning\""));
}

#[test]
fn a_pushed_request_is_consumed_by_its_first_visit_and_its_page_can_be_reloaded() {
    let (home, client) = home();
    let server = Server::start(&home);
    let fields = [
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "pushed"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &client.mint()),
    ];
    let pushed = server.http().send(Request::form(server.url("/oauth2/par"), &fields));
    assert_eq!(pushed.status, 201, "{pushed:?}");
    let request_uri = pushed.json()["request_uri"].as_str().unwrap().replace(':', "%3A");
    let browser = TestBrowser::new(&server);
    let url = server.url(&format!("/oauth2/authorize?client_id=app&request_uri={request_uri}&state=another"));
    let on = browser.send(Request::new(Method::GET, &url));
    assert_eq!(on.status, 303, "{on:?}");
    let page = server.url(on.header("location"));
    is_page(&browser.open(&page), 200, "Sign in");
    is_page(&browser.open(&page), 200, "Sign in");
    is_page(&TestBrowser::new(&server).open(&page), 400, "This did not work");
    is_page(&browser.open(&url), 400, "This did not work");
    let consent = browser.sign_in(&browser.open(&page), PASSWORD);
    let answer = returned(&browser.submit(&consent, &[("decision", "allow")]));
    assert_eq!(answer["state"], "pushed", "what was pushed counts, not the URL");
    assert!(answer.contains_key("code"));
}

#[test]
fn the_pages_are_made_of_files_that_browsers_may_keep() {
    let (home, _) = home();
    let server = Server::start(&home);
    let page = server.http().send(Request::new(Method::GET, authorize(&server, "")));
    for (start, kind) in [("rel=\"stylesheet\" href=\"", "text/css"), ("class=\"logo\" src=\"", "image/svg+xml")] {
        let path = page.body.split_once(start).unwrap().1.split_once('"').unwrap().0;
        let file = server.get(path);
        assert!(file.status == 200 && file.header("content-type").starts_with(kind), "{file:?}");
        assert!(file.header("cache-control").contains("immutable"));
    }
    assert_eq!(server.get("/oauth2/static/style.css").status, 404);
}

#[test]
fn users_are_added_listed_changed_and_removed_on_the_command_line() {
    let (home, _) = home();
    let list = || serde_json::from_str::<serde_json::Value>(&user(&home, &["list", "--json"])).unwrap();
    let users = list();
    assert_eq!((&users[0]["username"], &users[0]["enabled"]), (&"jane".into(), &true.into()));
    let file = home.path("password").to_str().unwrap().to_owned();
    let again = run(command(DROPINS).args(["user", "add", "jane", "--home", home.root(), "--password-file", &file]));
    again.failed(&["there is a user `jane` already", "dropins user passwd jane"]);
    let weak = run(command(DROPINS).args(["user", "passwd", "jane", "--home", home.root()]));
    weak.failed(&["too short", "8 characters"]);
    run(command(DROPINS).args(["user", "remove", "joe", "--home", home.root()])).failed(&["there is no user `joe`"]);

    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    let page = browser.open(&authorize(&server, ""));
    user(&home, &["disable", "jane"]);
    is_page(&browser.sign_in(&page, PASSWORD), 403, "Sign in");
    user(&home, &["enable", "jane"]);
    std::fs::write(home.path("other"), "battery staple").unwrap();
    user(&home, &["passwd", "jane", "--password-file", home.path("other").to_str().unwrap()]);
    is_page(&browser.sign_in(&page, PASSWORD), 403, "Sign in");
    is_page(&browser.sign_in(&page, "battery staple"), 200, "Allow");
    user(&home, &["remove", "jane"]);
    assert_eq!(returned(&browser.open(&authorize(&server, "prompt=none")))["error"], "login_required");
    assert_eq!(list()[0]["username"], "admin", "the administrator was made at the first start");
}
