use super::*;
use crate::clients::ClientKeys;
use dropins_protocol::{TokenAlgorithm, UpstreamClient};
use dropins_services::Registration;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client() -> RegisteredClient {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    RegisteredClient {
        registration: Registration { id: "app".to_owned(), ..Registration::default() },
        enabled: true,
        name: None,
        host: None,
        id_token_signed_response_alg: TokenAlgorithm::Rs256,
        grant_types: words(&["authorization_code"]),
        redirect_uris: words(&["https://app.example/cb"]),
        post_logout_redirect_uris: Vec::new(),
        scopes: words(&["read", "write"]),
        secret: None,
        federated: Vec::new(),
        keys: ClientKeys::default(),
        upstream: UpstreamClient::default(),
    }
}

fn public() -> RegisteredClient {
    let mut client = client();
    client.registration.auth_method = Some("none".to_owned());
    client
}

fn read(query: &str, client: &RegisteredClient) -> Result<AuthorizationRequest, RequestError> {
    AuthorizationRequest::read(&Form::parse(query.as_bytes()).unwrap(), client)
}

/// A good request with more parameters.
fn with(parameters: &str) -> Result<AuthorizationRequest, RequestError> {
    read(
        &format!("response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&{parameters}"),
        &client(),
    )
}

#[test]
fn every_parameter_is_read() {
    let request = with(&format!(
        "scope=openid+read+admin+read&state=s%20t&nonce=n&code_challenge={CHALLENGE}&code_challenge_method=S256\
         &prompt=login+consent&max_age=60&login_hint=me&display=page&response_mode=query"
    ));
    let expected = AuthorizationRequest {
        client_id: "app".to_owned(),
        redirect_uri: "https://app.example/cb".to_owned(),
        redirect_uri_given: true,
        scope: vec!["openid".to_owned(), "read".to_owned()],
        state: Some("s t".to_owned()),
        nonce: Some("n".to_owned()),
        code_challenge: Some(CHALLENGE.to_owned()),
        prompt: vec![Prompt::Login, Prompt::Consent],
        max_age: Some(60),
        login_hint: Some("me".to_owned()),
    };
    assert_eq!(request, Ok(expected.clone()));
    let json = serde_json::to_string(&expected).unwrap();
    assert_eq!(serde_json::from_str::<AuthorizationRequest>(&json).unwrap(), expected);
}

#[test]
fn what_is_not_given_has_its_default() {
    let request = read("response_type=code&client_id=app", &client()).unwrap();
    assert_eq!((request.redirect_uri.as_str(), request.redirect_uri_given), ("https://app.example/cb", false));
    assert!(request.scope.is_empty() && request.code_challenge.is_none() && request.prompt.is_empty());
}

#[test]
fn until_the_redirect_uri_is_trusted_nothing_is_redirected() {
    let mut several = client();
    several.redirect_uris.push("https://app.example/other".to_owned());
    let mut without = client();
    without.redirect_uris.clear();
    for (query, client, word) in [
        ("client_id=other&response_type=code", client(), "client_id"),
        ("client_id=app&redirect_uri=https://app.example/cb/&response_type=code", client(), "registered"),
        ("client_id=app&redirect_uri=https://evil.example/&response_type=token", client(), "registered"),
        ("client_id=app&response_type=code", several, "several"),
        ("client_id=app&response_type=code", without, "no registered"),
    ] {
        let error = read(query, &client).unwrap_err();
        assert_eq!((error.code, error.return_to.as_ref()), (ErrorCode::InvalidRequest, None), "{query}");
        assert!(error.description.contains(word), "{query}: {error}");
    }
}

#[test]
fn behind_a_trusted_redirect_uri_the_client_is_told() {
    use ErrorCode::{
        InvalidRequest, InvalidScope, RegistrationNotSupported, RequestNotSupported, RequestUriNotSupported,
    };
    let challenge = format!("code_challenge={CHALLENGE}");
    for (parameters, code) in [
        ("request=e30.e30.", RequestNotSupported),
        ("request_uri=https://app.example/request", RequestUriNotSupported),
        ("registration=%7B%7D", RegistrationNotSupported),
        ("response_mode=form_post", InvalidRequest),
        ("response_mode=fragment", InvalidRequest),
        ("scope=admin", InvalidScope),
        (challenge.as_str(), InvalidRequest),
        (&format!("{challenge}&code_challenge_method=plain"), InvalidRequest),
        (&format!("{challenge}=&code_challenge_method=S256"), InvalidRequest),
        ("code_challenge=short&code_challenge_method=S256", InvalidRequest),
        ("code_challenge_method=S256", InvalidRequest),
        ("prompt=none+login", InvalidRequest),
        ("prompt=create", InvalidRequest),
        ("max_age=-1", InvalidRequest),
        ("max_age=%2B1", InvalidRequest),
        ("max_age=1.5", InvalidRequest),
        (&format!("nonce={}", "n".repeat(513)), InvalidRequest),
        (&format!("login_hint={}", "h".repeat(513)), InvalidRequest),
    ] {
        let error = with(&format!("state=s&{parameters}")).unwrap_err();
        let back = ReturnTo { redirect_uri: "https://app.example/cb".to_owned(), state: Some("s".to_owned()) };
        assert_eq!((error.code, error.return_to), (code, Some(back)), "{parameters}");
    }
    let long = with(&format!("state={}", "s".repeat(4097))).unwrap_err();
    assert_eq!((long.code, long.return_to.unwrap().state), (InvalidRequest, None));
}

#[test]
fn the_response_type_is_code_and_nothing_else() {
    for (query, code) in [
        ("client_id=app", ErrorCode::InvalidRequest),
        ("client_id=app&response_type=", ErrorCode::InvalidRequest),
        ("client_id=app&response_type=token", ErrorCode::UnsupportedResponseType),
        ("client_id=app&response_type=code+id_token", ErrorCode::UnsupportedResponseType),
        ("client_id=app&response_type=CODE", ErrorCode::UnsupportedResponseType),
    ] {
        let error = read(query, &client()).unwrap_err();
        assert_eq!((error.code, error.return_to.is_some()), (code, true), "{query}");
    }
}

#[test]
fn a_client_must_have_registered_the_grant() {
    let mut other = client();
    other.grant_types = vec!["client_credentials".to_owned()];
    let error = read("client_id=app&response_type=code", &other).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnauthorizedClient);
}

#[test]
fn a_public_client_needs_a_code_challenge_and_others_may_have_one() {
    let bare = "client_id=app&response_type=code";
    let proven = format!("{bare}&code_challenge={CHALLENGE}&code_challenge_method=S256");
    assert_eq!(read(bare, &public()).unwrap_err().code, ErrorCode::InvalidRequest);
    assert_eq!(read(&proven, &public()).unwrap().code_challenge.as_deref(), Some(CHALLENGE));
    assert_eq!(read(bare, &client()).unwrap().code_challenge, None);
    assert_eq!(read(&proven, &client()).unwrap().code_challenge.as_deref(), Some(CHALLENGE));
}

#[test]
fn a_request_returns_to_its_client_until_the_redirect_uri_is_taken_away() {
    let request = with("").unwrap();
    let mut client = client();
    assert!(request.returns_to(&client));
    client.redirect_uris = vec!["https://app.example/cb2".to_owned()];
    assert!(!request.returns_to(&client));
}
