//! What a form of the console posts: fields and files, once its token is right.
//!
//! The body is read only for an operator who has signed in, and to the bound of its form.

use axum::body::to_bytes;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use dropins_protocol::TokenHash;

use crate::operator::Operator;

/// Bytes of a form without a file.
pub(crate) const FORM: usize = 512 << 10;

/// What a form posts.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    fields: Vec<(String, String)>,
    files: Vec<File>,
}

/// A file that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    field: String,
    /// Its name on the operator's machine.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Why a post is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostError {
    #[error("what was posted is no form")]
    NoForm,
    #[error("what was posted is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the form is not of this session: go back, load the page again, and repeat it")]
    Token,
}

impl PostError {
    pub(crate) fn response(&self) -> Response {
        let status = match self {
            Self::NoForm => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Token => StatusCode::FORBIDDEN,
        };
        (status, [(header::CACHE_CONTROL, "no-store")], format!("{self}\n")).into_response()
    }
}

impl Posted {
    /// Reads the form of an operator, of at most so many bytes.
    ///
    /// # Errors
    /// [`PostError`] as a response.
    pub(crate) async fn of(operator: &Operator, request: Request, most: usize) -> Result<Self, Response> {
        let posted = Self::read(request, most).await.map_err(|error| error.response())?;
        let token = TokenHash::of(&operator.csrf);
        if token.matches(posted.text("csrf")) { Ok(posted) } else { Err(PostError::Token.response()) }
    }

    /// Reads a form that carries no token.
    ///
    /// # Errors
    /// [`PostError`].
    pub(crate) async fn read(request: Request, most: usize) -> Result<Self, PostError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => {
                let body = to_bytes(request.into_body(), most).await.map_err(|_| PostError::TooLarge(most))?;
                let fields = form_urlencoded::parse(&body).into_owned().collect();
                Ok(Self { fields, files: Vec::new() })
            }
            "multipart/form-data" => Self::parts(request, most).await,
            _ => Err(PostError::NoForm),
        }
    }

    async fn parts(request: Request, most: usize) -> Result<Self, PostError> {
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| PostError::NoForm)?;
        let (mut posted, mut left) = (Self::default(), most);
        while let Some(mut part) = parts.next_field().await.map_err(|_| PostError::NoForm)? {
            let field = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(str::to_owned);
            let mut bytes = Vec::new();
            while let Some(chunk) = part.chunk().await.map_err(|_| PostError::NoForm)? {
                left = left.checked_sub(chunk.len()).ok_or(PostError::TooLarge(most))?;
                bytes.extend_from_slice(&chunk);
            }
            // Each part counts, so that a million empty ones are too many.
            left = left.checked_sub(64).ok_or(PostError::TooLarge(most))?;
            match file {
                // No file was chosen.
                Some(name) if name.is_empty() && bytes.is_empty() => {}
                Some(name) => posted.files.push(File { field, name, bytes }),
                None => {
                    let text = String::from_utf8(bytes).map_err(|_| PostError::NoForm)?;
                    posted.fields.push((field, text));
                }
            }
        }
        Ok(posted)
    }

    /// The text of a field without white space around it; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, text)| text.trim())
    }

    /// The same, if it is not empty.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The values of all fields of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, text)| text.trim().to_owned()).collect()
    }

    /// Whether a box is checked.
    pub(crate) fn is_checked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// The file of a field.
    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.field == name)
    }

    /// What was given as a file, or else as text in the field `NAME_text`.
    pub(crate) fn content(&self, name: &str) -> Option<Vec<u8>> {
        let typed = || self.given(&format!("{name}_text")).map(String::into_bytes);
        self.file(name).map(|file| file.bytes.clone()).or_else(typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(kind: &str, body: &str) -> Request {
        Request::builder().header(header::CONTENT_TYPE, kind).body(Body::from(body.to_owned())).unwrap()
    }

    fn multipart(parts: &str) -> Request {
        request("multipart/form-data; boundary=x", &format!("{parts}--x--\r\n"))
    }

    const FIELD: &str = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n 1 \r\n";
    const FILE: &str = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"c.pem\"\r\n\r\nPEM\r\n";
    const NONE: &str = "--x\r\nContent-Disposition: form-data; name=\"g\"; filename=\"\"\r\n\r\n\r\n";

    #[tokio::test]
    async fn fields_and_files_are_read() {
        let posted = Posted::read(multipart(&[FIELD, FILE, NONE].concat()), 1000).await.unwrap();
        assert_eq!((posted.text("a"), posted.text("b")), ("1", ""));
        assert_eq!(
            posted.file("f").map(|file| (file.name.as_str(), file.bytes.as_slice())),
            Some(("c.pem", &b"PEM"[..]))
        );
        assert_eq!(posted.file("g"), None, "none was chosen");
        let form = request("application/x-www-form-urlencoded;charset=UTF-8", "a=1&a=2+3&f_text=%20x");
        let posted = Posted::read(form, 1000).await.unwrap();
        assert_eq!(
            (posted.all("a"), posted.content("f")),
            (vec!["1".to_owned(), "2 3".to_owned()], Some(b"x".to_vec()))
        );
    }

    #[tokio::test]
    async fn what_is_too_large_or_no_form_is_rejected() {
        for (request, most) in [
            (multipart(&[FIELD, FILE].concat()), 100),
            (request("application/x-www-form-urlencoded", &"a".repeat(101)), 100),
        ] {
            assert!(matches!(Posted::read(request, most).await, Err(PostError::TooLarge(100))));
        }
        for request in [request("application/json", "{}"), request("multipart/form-data", ""), multipart("--x\r\n")] {
            assert!(matches!(Posted::read(request, 1000).await, Err(PostError::NoForm)));
        }
    }

    #[tokio::test]
    async fn a_form_with_another_token_is_rejected() {
        let operator =
            Operator { session: String::new(), csrf: "right".to_owned(), by: crate::session::By::Code, address: None };
        for (body, status) in [("csrf=right", None), ("csrf=wrong", Some(403)), ("", Some(403))] {
            let request = request("application/x-www-form-urlencoded", body);
            let rejected = Posted::of(&operator, request, 1000).await.err();
            assert_eq!(rejected.map(|response| response.status().as_u16()), status, "{body}");
        }
    }
}
