//! The way back to a client: its start page.

use url::Url;

/// The start page of a client that has registered this redirect URI, where it is a page of the web.
pub(super) fn origin_of(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| format!("{}/", url.origin().ascii_serialization()))
}
