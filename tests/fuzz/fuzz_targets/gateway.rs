//! The way of a request to an upstream: whatever the headers and the body are, no header that only a proxy may set is the
//! client's, and the form means what it meant, without the client's credential.

#![no_main]

use std::sync::LazyLock;

use dropins_config::{Environment, Upstream, parse};
use dropins_gateway::{Arrival, Field, headers_onward, rewrite};
use dropins_protocol::Form;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const CREDENTIALS: [&str; 3] = ["client_assertion", "client_assertion_type", "client_secret"];

static UPSTREAM: LazyLock<Upstream> = LazyLock::new(|| {
    let text =
        "[[upstream]]\nissuer = \"https://as.example.com\"\ntarget = \"http://127.0.0.1:1\"\ntoken_endpoint = \"/t\"\n";
    parse(text, &Environment::default()).unwrap().0.upstreams.remove(0)
});

fuzz_target!(|input: &[u8]| {
    let at = input.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(input.len());
    headers(&input[..at]);
    body(input.get(at + 4..).unwrap_or_default());
});

fn headers(text: &[u8]) {
    let mut sent = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(value.trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value) {
            sent.append(name, value);
        }
    }
    let identity = [HeaderName::from_static("x-client-id")];
    let arrival = Arrival { address: Some([192, 0, 2, 1].into()), issuer: &UPSTREAM.issuer };
    let onward = headers_onward(&sent, &identity, &arrival);
    let ours = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    for (name, value) in &onward {
        let plain = name.as_str().replace('_', "-");
        if ours.contains(&name.as_str()) {
            assert!(value == "192.0.2.1" || value == "as.example.com" || value == "https" || name == "forwarded");
            continue;
        }
        for family in ["x-forwarded-", "client-cert", "x-ssl-", "x-dropins-"] {
            assert!(!plain.starts_with(family), "{name}");
        }
        for only in ["forwarded", "x-forwarded", "x-real-ip", "x-client-id"] {
            assert_ne!(plain, only);
        }
        for of_the_connection in
            ["connection", "transfer-encoding", "te", "upgrade", "host", "content-length", "keep-alive"]
        {
            assert_ne!(plain, of_the_connection);
        }
        assert!(sent.get_all(name).iter().any(|other| other == value));
    }
    assert_eq!(onward.get_all("forwarded").iter().count(), 1);
}

fn body(body: &[u8]) {
    let Ok(before) = Form::parse(body) else { return };
    let id = Field { name: "client_id", value: "up", wanted: true };
    let after = Form::parse(&rewrite(body, &CREDENTIALS, &[id])).unwrap();
    let stays = |name: &&(String, String)| name.0 != "client_id" && !CREDENTIALS.contains(&name.0.as_str());
    let kept: Vec<_> = before.fields().iter().filter(stays).collect();
    assert_eq!(after.fields().iter().filter(stays).collect::<Vec<_>>(), kept);
    assert_eq!(after.get("client_id"), Some("up"));
    assert_eq!(after.fields().len(), kept.len() + 1);
}
