//! The stylesheet of the console, whose colours are those of every page, and the logo.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::Response;
use dropins_server::http::{Asset, LOGO, TOKENS};

/// The stylesheet.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let style = format!("{TOKENS}{}", include_str!("../static/console.css"));
    Asset::new("console", "css", "text/css; charset=utf-8", style)
});

pub(crate) async fn get(Path(name): Path<String>) -> Response {
    Asset::find(&name, &[&STYLE, &LOGO])
}
