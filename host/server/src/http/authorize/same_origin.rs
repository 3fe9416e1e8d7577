//! Whether a post comes from one of our own pages.
//!
//! Browsers say so themselves (Fetch Metadata, or the Origin header of older ones). The ticket in the form is the
//! second lock: programs that are no browsers send neither header, and have no cookie to abuse.

use axum::http::{HeaderMap, header};

/// Whether a page of this origin posts, as far as the headers tell.
pub fn is_same_origin(headers: &HeaderMap, origin: &str) -> bool {
    match (headers.get("sec-fetch-site"), headers.get(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(from)) => from == origin,
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_post() {
        for (site, origin, ours) in [
            (Some("same-origin"), Some("https://is.example"), true),
            // Some privacy settings withhold the origin.
            (Some("same-origin"), Some("null"), true),
            (Some("same-site"), Some("https://is.example"), false),
            (Some("cross-site"), None, false),
            (Some("none"), None, false),
            (None, Some("https://is.example"), true),
            (None, Some("https://is.example:444"), false),
            (None, Some("http://is.example"), false),
            (None, Some("null"), false),
            (None, None, true),
        ] {
            let mut headers = HeaderMap::new();
            site.map(|site| headers.insert("sec-fetch-site", site.parse().unwrap()));
            origin.map(|origin| headers.insert(header::ORIGIN, origin.parse().unwrap()));
            assert_eq!(is_same_origin(&headers, "https://is.example"), ours, "{site:?} {origin:?}");
        }
    }
}
