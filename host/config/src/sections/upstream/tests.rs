//! What an upstream may be, and how clients and listeners go with it.

use crate::{Deployment, Environment, parse};

const GOOD: &str = "[[upstream]]\nissuer = \"https://as.example.com\"\n\
    target = \"http://127.0.0.1:8080\"\ntoken_endpoint = \"/token\"\n";

fn read(text: &str) -> Deployment {
    let environment =
        Environment::new(std::path::Path::new("/"), [("MY_APP_UPSTREAM_SECRET".to_owned(), "x".to_owned())], []);
    parse(text, &environment)
        .unwrap_or_else(|problems| panic!("{}\n{text}", problems.render("deployment.toml", false)))
        .0
}

#[track_caller]
fn refused(text: &str, part: &str) {
    let Err(problems) = parse(text, &Environment::default()) else { panic!("accepted\n{text}") };
    let shown = problems.render("deployment.toml", false);
    assert!(shown.contains(part), "`{part}` is missing in\n{shown}");
}

#[test]
fn the_blocks_of_the_how_to_pages_are_read() {
    for page in [
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/put-in-front-of-a-server.md")),
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/let-a-proxy-ask.md")),
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/run-behind-a-proxy.md")),
    ] {
        let blocks: Vec<_> = page.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
        assert!(!blocks.is_empty());
        blocks.iter().for_each(|block| drop(read(block)));
    }
}

#[test]
fn with_an_upstream_the_server_issues_no_tokens_unless_the_file_says_so() {
    assert!(read("").oauth.enabled && !read(GOOD).oauth.enabled);
    assert!(!read("[oauth]\nenabled = false\n").oauth.enabled);
    let both = read(&format!("{GOOD}[oauth]\nenabled = true\n"));
    assert!(both.oauth.enabled && both.upstream().is_none() && read(GOOD).upstream().is_some());
}

#[test]
fn what_an_upstream_lacks_or_has_wrong_is_named() {
    refused("[[upstream]]\ntarget = \"http://127.0.0.1\"\ntoken_endpoint = \"/t\"\n", "an upstream has a `issuer`");
    refused("[[upstream]]\nissuer = \"https://h\"\ntoken_endpoint = \"/t\"\n", "an upstream has a `target`");
    refused(
        "[[upstream]]\nissuer = \"https://h\"\ntarget = \"http://127.0.0.1\"\n",
        "an upstream has a `token_endpoint`",
    );
    refused(&GOOD.replace("127.0.0.1:8080", "127.0.0.1:8080/base"), "`target` has a path");
    refused(&GOOD.replace("http://127.0.0.1:8080", "ftp://h"), "neither https: nor http:");
    refused(&GOOD.replace("https://as.example.com", "http://as.example.com"), "which is for this machine only");
    for path in ["token", "/to%6ben", "/a//b", "/../token", "/token/", "/to;ken"] {
        refused(&GOOD.replace("/token", path), "without `%`, `//`, `.` and `..`");
    }
    refused(&format!("{GOOD}revocation_endpoint = \"/Token\"\n"), "the path of another endpoint");
    refused(&format!("{GOOD}credential = \"header\"\n"), "needs a `header`");
    refused(&format!("{GOOD}header = \"x-client-id\"\n"), "`header` is for `credential = \"header\"`");
    for name in ["authorization", "Host", "content-type", "x client", "forwarded"] {
        refused(
            &format!("{GOOD}credential = \"header\"\nheader = \"{name}\"\n"),
            "is not a header that can name a client",
        );
    }
    refused(&format!("{GOOD}read_timeout = \"0s\"\n"), "is more than zero");
    refused(&format!("{GOOD}passes = [\"/a\"]\n"), "pass");
}

#[test]
fn no_path_has_two_uses() {
    for pass in ["/token", "/TOKEN", "/*", "/token/*"] {
        refused(&format!("{GOOD}pass = [\"{pass}\"]\n"), "matches `/token`, the token_endpoint of this upstream");
    }
    for pass in ["a", "/a%20", "/a/../b", "/a//b", "/a*"] {
        refused(&format!("{GOOD}pass = [\"{pass}\"]\n"), "is not a path without");
    }
    let second = GOOD.replace("https://as.example.com", "https://b.example.com/b");
    refused(&format!("{GOOD}{second}"), "`/token` is a path of the upstream `https://as.example.com` as well");
    let second = second.replace("\"/token\"", "\"/b/token\"");
    read(&format!("{GOOD}{second}"));
    refused(&format!("{GOOD}pass = [\"/b/*\"]\n{second}"), "`/b/token` matches `/b/*` of the upstream");
    refused(&format!("{GOOD}pass = [\"/c/*\"]\n{second}pass = [\"/c/d\"]\n"), "passes to the upstream");
    refused(&format!("{GOOD}{second}pass = [\"/token\"]\n"), "`/token` is a path of the upstream");
    refused(&format!("{GOOD}{}", GOOD.replace("/token", "/other")), "two upstreams with the issuer");
}

#[test]
fn a_client_names_an_upstream_that_there_is_and_one_where_there_are_several() {
    let second =
        GOOD.replace("https://as.example.com", "https://b.example.com/b").replace("\"/token\"", "\"/b/token\"");
    let client = "[[service_provider]]\nclient_id = \"c\"\n";
    read(&format!("{GOOD}{client}"));
    read(&format!("{GOOD}{second}{client}upstream = \"https://b.example.com/b\"\n"));
    refused(&format!("{GOOD}{second}{client}"), "does not say which upstream it uses");
    refused(
        &format!("{GOOD}{client}upstream = \"https://as.exmaple.com\"\n"),
        "did you mean `https://as.example.com`?",
    );
    read(&format!("{GOOD}{second}{client}enabled = false\n"));
}

#[test]
fn a_proxy_may_ask_from_elsewhere_only_with_a_token_or_from_a_listed_network() {
    let authz = |lines: &str| format!("[transport.authz]\nenabled = true\n{lines}");
    let deployment = read(&authz(""));
    let read_authz = deployment.transport.authz.unwrap();
    assert_eq!(
        (read_authz.listen.to_string().as_str(), read_authz.issuer.as_str()),
        ("127.0.0.1:9446", "https://localhost:9443")
    );
    assert_eq!(read_authz.judged.iter().count(), 1);
    assert!(read("[transport.authz]\nlisten = \"0.0.0.0:1\"\n").transport.authz.is_none());
    refused(&authz("listen = \"0.0.0.0:9446\"\n"), "can be reached from other machines");
    read(&authz("listen = \"0.0.0.0:9446\"\ntoken = \"t\"\n"));
    read(&authz("listen = \"0.0.0.0:9446\"\nallowed_networks = [\"10.0.0.0/8\"]\n"));
    refused(&authz("allowed_networks = [\"all\"]\n"), "neither an address nor a network");
    refused(&authz("listen = \"127.0.0.1:9444\"\n"), "are the same address");
    refused(&authz("token_endpoint = \"/a%20\"\n"), "`transport.authz.token_endpoint` is a path");
}
