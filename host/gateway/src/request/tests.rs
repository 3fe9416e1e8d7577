//! What an upstream receives, for each credential.

use dropins_config::Issuer;
use dropins_protocol::{Form, Secret, UpstreamClient};
use http_body_util::BodyExt as _;

use super::*;
use crate::upstream::tests::upstream;

const BODY: &str = "grant_type=client_credentials&client_assertion=a.b.c&client_assertion_type=x&scope=a+b";

struct Received {
    headers: HeaderMap,
    body: String,
    uri: String,
}

async fn receive(onward: Onward) -> Received {
    let (parts, body) = onward.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Received { headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap(), uri: parts.uri.to_string() }
}

fn arrival(issuer: &Issuer) -> Arrival<'_> {
    Arrival { address: None, issuer }
}

async fn sent(lines: &str, endpoint: JudgedEndpoint, account: Account<'_>, body: &str) -> Received {
    let upstream = upstream(lines);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("authorization", "Bearer forged"),
        ("x-client-id", "forged"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-7"),
        ("accept", "application/json"),
    ] {
        headers.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    let identity = [HeaderName::from_static("x-client-id")];
    let issuer = &upstream.config().issuer;
    let request = Judged { endpoint, target: "/t?p=1", headers: &headers, body: body.as_bytes(), account };
    receive(judged(&upstream, &identity, &arrival(issuer), &request).unwrap()).await
}

fn header<'a>(received: &'a Received, name: &str) -> Option<&'a str> {
    received.headers.get(name).map(|value| value.to_str().unwrap())
}

fn secret() -> Secret {
    Secret::new("s: é")
}

#[tokio::test]
async fn with_basic_the_secret_is_in_the_header_and_the_rest_of_the_body_stays() {
    let secret = secret();
    let account = Account { id: "up id", secret: Some(&secret), authenticated: true };
    let received = sent("", JudgedEndpoint::Token, account, BODY).await;
    let expected = format!("Basic {}", BASE64_STANDARD.encode("up+id:s%3A+%C3%A9"));
    assert_eq!(header(&received, "authorization"), Some(expected.as_str()));
    assert_eq!(received.body, "grant_type=client_credentials&scope=a+b");
    assert_eq!((received.uri.as_str(), header(&received, "x-client-id")), ("http://127.0.0.1:1/t?p=1", None));
    assert_eq!(header(&received, "content-type"), Some("application/x-www-form-urlencoded"));
    let named = sent("", JudgedEndpoint::Token, account, &format!("client_id=mine&{BODY}")).await;
    assert!(named.body.starts_with("client_id=up+id&grant_type"), "{}", named.body);
}

#[tokio::test]
async fn with_post_id_and_secret_are_in_the_body_and_nowhere_else() {
    let secret = secret();
    let account = Account { id: "up", secret: Some(&secret), authenticated: true };
    let lines = "credential = \"client_secret_post\"";
    let received = sent(lines, JudgedEndpoint::Token, account, &format!("client_secret=mine&{BODY}")).await;
    let form = Form::parse(received.body.as_bytes()).unwrap();
    assert_eq!((form.get("client_id"), form.get("client_secret")), (Some("up"), Some("s: é")));
    assert_eq!((form.get("client_assertion"), form.get("scope")), (None, Some("a b")));
    assert_eq!(header(&received, "authorization"), None);
}

#[tokio::test]
async fn with_a_header_the_id_is_in_it_and_no_secret_anywhere() {
    let account = Account { id: "up", secret: None, authenticated: true };
    let lines = "credential = \"header\"\nheader = \"x-client-id\"";
    let received = sent(lines, JudgedEndpoint::Token, account, BODY).await;
    assert_eq!((header(&received, "x-client-id"), header(&received, "authorization")), (Some("up"), None));
    assert_eq!(received.headers.get_all("x-client-id").iter().count(), 1);
    assert_eq!(received.body, "grant_type=client_credentials&scope=a+b");
}

#[tokio::test]
async fn a_client_without_a_credential_is_named_in_the_body_and_vouched_for_by_nothing() {
    let account = Account { id: "up", secret: None, authenticated: false };
    for lines in ["", "credential = \"client_secret_post\"", "credential = \"header\"\nheader = \"x-client-id\""] {
        let received = sent(lines, JudgedEndpoint::Token, account, "grant_type=refresh_token&client_id=app").await;
        assert_eq!(received.body, "grant_type=refresh_token&client_id=up", "{lines}");
        assert_eq!((header(&received, "x-client-id"), header(&received, "authorization")), (None, None), "{lines}");
    }
}

#[tokio::test]
async fn a_pushed_request_names_the_client_as_the_upstream_knows_it() {
    let secret = secret();
    let account = Account { id: "up", secret: Some(&secret), authenticated: true };
    let received = sent("", JudgedEndpoint::PushedRequests, account, "response_type=code").await;
    assert_eq!(received.body, "response_type=code&client_id=up");
    let received = sent("", JudgedEndpoint::PushedRequests, account, "client_id=app&response_type=code").await;
    assert_eq!(received.body, "client_id=up&response_type=code");
}

#[test]
fn a_client_has_an_account_at_its_own_upstream_only() {
    let (basic, by_header) = (upstream(""), upstream("credential = \"header\"\nheader = \"x-client-id\""));
    let of = |registered: &UpstreamClient, upstream: &Upstream, only, authenticated| {
        let account = Account::of("app", registered, authenticated, upstream.config(), only);
        account.map(|account| (account.id.to_owned(), account.secret.is_some())).map_err(|error| error.to_string())
    };
    let bare = UpstreamClient::default();
    let full = UpstreamClient {
        issuer: Some("https://as.example.com".to_owned()),
        client_id: Some("up".to_owned()),
        secret: Some(secret()),
    };
    assert_eq!(of(&full, &basic, false, true), Ok(("up".to_owned(), true)));
    assert_eq!(of(&full, &by_header, false, true), Ok(("up".to_owned(), false)), "the secret is not needed");
    assert_eq!(of(&bare, &by_header, true, true), Ok(("app".to_owned(), false)));
    assert_eq!(of(&bare, &basic, true, false), Ok(("app".to_owned(), false)), "it has no credential");
    assert!(of(&bare, &basic, true, true).unwrap_err().contains("upstream_client_secret"));
    assert!(of(&bare, &by_header, false, true).unwrap_err().contains("several upstreams"));
    let elsewhere = UpstreamClient { issuer: Some("https://other.example.com".to_owned()), ..full };
    assert!(of(&elsewhere, &basic, true, true).unwrap_err().contains("https://other.example.com"));
}

#[tokio::test]
async fn a_request_that_passes_keeps_method_target_and_authorization() {
    let upstream = upstream("body_limit = 1024\npass = [\"/me\"]");
    let request =
        Request::builder().method("PUT").uri("http://evil.example/me?a=%20b").header("authorization", "Bearer t");
    let request = request.header("x-client-id", "forged").body(Full::new(Bytes::from_static(b"x"))).unwrap();
    let identity = [HeaderName::from_static("x-client-id")];
    let onward = passed(&upstream, &identity, &arrival(&upstream.config().issuer), request).unwrap();
    assert_eq!(onward.method(), "PUT");
    let received = receive(onward).await;
    assert_eq!((received.uri.as_str(), received.body.as_str()), ("http://127.0.0.1:1/me?a=%20b", "x"));
    assert_eq!((header(&received, "authorization"), header(&received, "x-client-id")), (Some("Bearer t"), None));
}
