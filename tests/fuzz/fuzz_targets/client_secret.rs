//! The client secret in a header (RFC 6749 section 2.3.1): never panics, and what is accepted means the same when it is
//! encoded again.

#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use client_secret_authenticator::Credential;
use dropins_plugin::Request;
use libfuzzer_sys::fuzz_target;

fn read(header: &str) -> Option<(String, String)> {
    let request = Request { headers: vec![("authorization", header)], ..Request::default() };
    let credential = Credential::from_request(&request).ok()?;
    Some((credential.client_id.clone(), credential.secret.expose().to_owned()))
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = str::from_utf8(data) {
        let _ = read(text);
    }
    let Some((id, secret)) = read(&format!("Basic {}", BASE64_STANDARD.encode(data))) else { return };
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let again = BASE64_STANDARD.encode(format!("{}:{}", encode(&id), encode(&secret)));
    assert_eq!(read(&format!("Basic {again}")), Some((id, secret)));
});
