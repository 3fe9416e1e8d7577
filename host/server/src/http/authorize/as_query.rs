//! A posted form as a query: requests by POST go on by GET, because browsers send the session's cookie from other sites
//! with GET only.

use axum::body::Body;
use axum::http::{HeaderMap, header};

use crate::http::body;
use dropins_protocol::is_form;

/// The form of a post, written as a query. Returns `None` if it is no form, or cannot be one.
pub(super) async fn read(headers: &HeaderMap, content: Body) -> Option<String> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let is_form = types.next().and_then(|value| value.to_str().ok()).is_some_and(is_form);
    let body = body::read(headers, content).await.ok()?;
    // A form is written in what a query is written in; a `#` would end it.
    String::from_utf8(body).ok().filter(|query| is_form && query.bytes().all(is_query))
}

fn is_query(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'#'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posted_form_goes_on_as_a_query_only_if_it_can_be_one() {
        let fits = |body: &str| body.bytes().all(is_query);
        assert!(fits("client_id=app&scope=a+b&state=%23"));
        for body in ["state=a#b", "state=a b", "state=a\r\nb", "state=é"] {
            assert!(!fits(body), "{body:?}");
        }
    }
}
