//! Request bodies, bounded in size and time.
//!
//! One that is too large is read on for a while and thrown away: an HTTP/1 client that is still sending would see a
//! broken connection instead of the answer.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;

use dropins_protocol::{ErrorCode, OAuthError};

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 64 << 10;

/// How much of a body that is too large is read and thrown away, in bytes.
const MAX_DISCARDED: usize = 4 << 20;

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads a body of at most [`MAX_BODY`] bytes.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, OAuthError> {
    let announced = content_length(headers).unwrap_or_default();
    // A client that expects `100 Continue` has not begun to send.
    if announced > MAX_DISCARDED || (announced > MAX_BODY && headers.contains_key(header::EXPECT)) {
        return Err(too_large());
    }
    let late = |_| OAuthError::invalid_request("The body did not arrive in time");
    // Boxed: a timer would align the future of the request, and all around it, to 128 bytes.
    Box::pin(tokio::time::timeout(BODY_TIMEOUT, collect(body))).await.map_err(late)?
}

async fn collect(body: Body) -> Result<Vec<u8>, OAuthError> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| OAuthError::invalid_request("The body is incomplete"))?;
        length += chunk.len();
        if length > MAX_DISCARDED {
            break;
        }
        if length <= MAX_BODY {
            bytes.extend_from_slice(&chunk);
        }
    }
    if length > MAX_BODY { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> OAuthError {
    OAuthError::new(ErrorCode::TooLarge, format!("The body is larger than {MAX_BODY} bytes"))
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
