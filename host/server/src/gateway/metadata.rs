//! The metadata of an upstream, with the methods and algorithms that are taken here.

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use dropins_gateway::{MetadataError, Methods, Upstream};
use dropins_live::Live;
use dropins_protocol::{ErrorCode, OAuthError, reference};
use serde_json::Value;

use crate::http::answer;
use crate::json::json;

/// How long others may keep them: as long as we do.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=60");

pub(super) async fn answer(live: Arc<Live>, upstream: Arc<Upstream>, method: Method, path: String) -> Response {
    if ![Method::GET, Method::HEAD].contains(&method) {
        let error = OAuthError::new(ErrorCode::MethodNotAllowed { allow: "GET, HEAD" }, "Metadata are read with GET");
        return answer::respond(&error, &reference(), false);
    }
    match upstream.metadata(path.strip_suffix('/').unwrap_or(&path)).await {
        Ok(document) => {
            let rewritten = upstream.rewritten(document, &methods(&live));
            let mut response = json(StatusCode::OK, &Value::Object(rewritten));
            response.headers_mut().remove(header::PRAGMA);
            response.headers_mut().insert(header::CACHE_CONTROL, CACHE_CONTROL);
            response.into_response()
        }
        Err(MetadataError::Missing(_)) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            let reference = reference();
            let issuer = upstream.config().issuer.as_str();
            tracing::warn!(reference, upstream = issuer, %error, "the metadata of the upstream cannot be had");
            let error = OAuthError::new(ErrorCode::BadGateway, "The authorization server cannot be asked");
            answer::respond(&error, &reference, false)
        }
    }
}

/// What clients can prove themselves with here.
fn methods(live: &Live) -> Methods {
    let (methods, algorithms) = (live.generation.methods(), live.generation.algorithms());
    Methods {
        methods: methods.iter().map(ToString::to_string).collect(),
        algorithms: algorithms.iter().map(ToString::to_string).collect(),
    }
}
