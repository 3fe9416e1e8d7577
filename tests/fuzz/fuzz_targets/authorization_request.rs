//! The reader of authorization requests: never panics, and no answer, good or bad, leads anywhere but to a registered
//! redirect URI or to another port of a registered loopback address.
//!
//! The first line is one more registered URI, the second one a redirect URI, the rest a query; either may be empty.

#![no_main]

use dropins_host::services::Registration;
use dropins_oauth::authorization::AuthorizationRequest;
use dropins_oauth::clients::{ClientKeys, RegisteredClient};
use dropins_protocol::TokenAlgorithm;
use dropins_protocol::{ErrorCode, Form, UpstreamClient};
use libfuzzer_sys::fuzz_target;
use url::{Host, Url};

const REGISTERED: [&str; 4] =
    ["https://app.example/cb?x=1", "http://127.0.0.1:8080/cb", "http://[::1]/cb", "com.example.app:/cb"];

fn client(more: &str, public: bool) -> RegisteredClient {
    let method = if public { "none" } else { "private_key_jwt" };
    RegisteredClient {
        registration: Registration {
            id: "app".to_owned(),
            auth_method: Some(method.to_owned()),
            ..Registration::default()
        },
        enabled: true,
        name: None,
        host: None,
        id_token_signed_response_alg: TokenAlgorithm::Rs256,
        grant_types: vec!["authorization_code".to_owned()],
        redirect_uris: REGISTERED.into_iter().chain(is_sound(more).then_some(more)).map(str::to_owned).collect(),
        post_logout_redirect_uris: Vec::new(),
        scopes: vec!["read".to_owned()],
        secret: None,
        keys: ClientKeys::default(),
        upstream: UpstreamClient::default(),
        federated: Vec::new(),
    }
}

/// Valid for every registration.
fn is_sound(uri: &str) -> bool {
    !uri.contains('#') && Url::parse(uri).is_ok_and(|url| url.username().is_empty() && url.password().is_none())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

fn leads_to_the_client(uri: &str, client: &RegisteredClient) -> bool {
    client.redirect_uris.iter().any(|registered| {
        registered == uri || {
            let (Ok(mut registered), Ok(mut url)) = (Url::parse(registered), Url::parse(uri)) else { return false };
            let loopback = registered.scheme() == "http" && is_loopback(&registered);
            loopback && registered.set_port(None).is_ok() && url.set_port(None).is_ok() && registered == url
        }
    })
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut text = || str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
    let (more, requested) = (text(), text());
    let client = client(more, data.len().is_multiple_of(2));
    let query = parts.next().unwrap_or_default();
    let uri = form_urlencoded::byte_serialize(requested.as_bytes()).collect::<String>();
    for query in [query, &[format!("redirect_uri={uri}&").as_bytes(), query].concat()] {
        let Ok(form) = Form::parse(query) else { continue };
        let return_to = match AuthorizationRequest::read(&form, &client) {
            Ok(request) => {
                assert_eq!(request.client_id, "app");
                assert!(request.code_challenge.is_some() || !client.is_public(), "PKCE");
                assert!(request.scope.iter().all(|scope| scope == "openid" || scope == "read"));
                Some(request.return_to())
            }
            Err(error) => error.return_to,
        };
        let Some(return_to) = return_to else { continue };
        assert!(leads_to_the_client(&return_to.redirect_uri, &client), "{return_to:?}");
        for answer in [
            return_to.with_code("code", "https://is.example"),
            return_to.with_error(ErrorCode::AccessDenied, "No", "https://is.example"),
        ] {
            let rest = answer.strip_prefix(&return_to.redirect_uri).expect("the URI's own bytes stay");
            assert!(rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{rest}");
        }
    }
});
