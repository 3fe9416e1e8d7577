//! Requests to the server of the trials, which is nowhere.

use dropins_host::Request;

/// The issuer of the server of the trials; its domain never exists.
pub(super) const ISSUER: &str = "https://canary.invalid";
const TOKEN_ENDPOINT: &str = "https://canary.invalid/oauth2/token";

/// A request to the server of the trials.
pub(super) fn request(form: &[(&str, &str)], headers: &[(&str, &str)]) -> Request {
    let owned =
        |pairs: &[(&str, &str)]| pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    Request {
        endpoint: TOKEN_ENDPOINT.to_owned(),
        issuer: ISSUER.to_owned(),
        token_endpoint: TOKEN_ENDPOINT.to_owned(),
        form: owned(form),
        headers: owned(headers),
        ..Request::default()
    }
}
