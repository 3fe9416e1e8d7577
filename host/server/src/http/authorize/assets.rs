//! The stylesheet and the logo, compiled in.
//!
//! A name holds the digest of the content, so browsers may keep it forever and a new release has another name.

use std::borrow::Cow;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// The colours that the pages of every listener share.
pub const TOKENS: &str = include_str!("../../../static/tokens.css");

/// A file that pages refer to.
pub struct Asset {
    /// Its name in the folder of such files.
    pub name: String,
    content_type: &'static str,
    content: Cow<'static, str>,
}

/// The stylesheet.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let style = concat!(include_str!("../../../static/tokens.css"), include_str!("../../../static/style.css"));
    Asset::new("style", "css", "text/css; charset=utf-8", style)
});
/// The logo.
pub static LOGO: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("logo", "svg", "image/svg+xml", include_str!("../../../static/logo.svg")));

impl Asset {
    /// A file of this content.
    pub fn new(stem: &str, extension: &str, content_type: &'static str, content: impl Into<Cow<'static, str>>) -> Self {
        let content = content.into();
        let digest = digest(&SHA256, content.as_bytes());
        let digest: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("{stem}-{digest}.{extension}"), content_type, content }
    }

    /// The file of this name among these.
    pub fn find(name: &str, assets: &[&'static Self]) -> Response {
        match assets.iter().find(|asset| asset.name == name) {
            Some(asset) => {
                ([(header::CONTENT_TYPE, asset.content_type)], HEADERS, asset.content.as_ref()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // A picture that is opened as a page of its own runs nothing.
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
];

pub(super) async fn get(Path(name): Path<String>) -> Response {
    Asset::find(&name, &[&STYLE, &LOGO])
}
