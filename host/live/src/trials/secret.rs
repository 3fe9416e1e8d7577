//! Trials for `client_secret_basic` and `client_secret_post` (RFC 6749 section 2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dropins_host::services::UnixMillis;
use dropins_host::{Expected, Request, Trial};
use dropins_keys::KeySet;

use super::request::request;
use super::throw_away::ThrowAway;
use dropins_protocol::reference;

pub(super) const BASIC: &str = "client_secret_basic";
pub(super) const POST: &str = "client_secret_post";

/// A wrong secret, the right one, and the right one of a client that is not registered.
pub(super) fn trials(method: &str, now: UnixMillis) -> Vec<Trial> {
    let secret = reference();
    let client = ThrowAway::new(method, KeySet::default(), Some(&secret), now);
    let stranger = format!("{}-stranger", client.id);
    let wrong = credential(method, &client.id, &reference());
    let foreign = credential(method, &stranger, &secret);
    let right = credential(method, &client.id, &secret);
    vec![
        client.trial("a wrong secret of a throw-away client", wrong, Expected::Refused),
        client.trial("the secret of a throw-away client under another id", foreign, Expected::Refused),
        client.trial("the secret of a throw-away client", right, client.authenticated()),
    ]
}

/// A request with id and secret, neither of which needs form encoding.
fn credential(method: &str, id: &str, secret: &str) -> Request {
    if method == BASIC {
        let authorization = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        return request(&[("grant_type", "client_credentials")], &[("authorization", &authorization)]);
    }
    request(&[("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)], &[])
}
