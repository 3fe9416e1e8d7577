//! Envoy's ext_authz with a gRPC service: `envoy.service.auth.v3.Authorization/Check`.
//!
//! The headers of an allowed client overwrite those of its request; further ones of our family are removed.

use std::sync::Arc;

use std::net::{IpAddr, SocketAddr};

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use tonic::server::Grpc;
use tonic_prost::ProstCodec;

use super::allowed::FAMILY;
use super::asked::Asked;
use super::envoy_proto as proto;
use super::judge::judge;
use super::proxy::Proxy;
use crate::app::AuthenticationServices;

/// The largest question: a body of 64 KiB twice, and headers.
const MAX_MESSAGE: usize = 256 << 10;
/// The largest answer for a client.
const MAX_ANSWER: usize = 64 << 10;

/// Codes of `google.rpc.Status`.
const OK: i32 = 0;
const PERMISSION_DENIED: i32 = 7;

pub(super) async fn endpoint(State(services): State<Arc<AuthenticationServices>>, request: Request) -> Response {
    let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(MAX_MESSAGE);
    let check = tower::service_fn(move |request: tonic::Request<proto::CheckRequest>| {
        let services = services.clone();
        async move { Ok::<_, tonic::Status>(tonic::Response::new(check(services, request.into_inner()).await)) }
    });
    grpc.unary(check, request).await.map(Body::new)
}

async fn check(services: Arc<AuthenticationServices>, request: proto::CheckRequest) -> proto::CheckResponse {
    let attributes = request.attributes.unwrap_or_default();
    let http = attributes.request.and_then(|request| request.http).unwrap_or_default();
    let headers = headers(&http);
    let forged = forged(&headers);
    let asked = Asked {
        proxy: Proxy::EnvoyGrpc,
        method: Method::from_bytes(http.method.as_bytes()).ok(),
        target: PathAndQuery::try_from(http.path).ok(),
        headers,
        body: Body::from(if http.raw_body.is_empty() { http.body.into_bytes() } else { http.raw_body }),
        extensions: source(attributes.source),
    };
    answer(judge(services, asked).await, forged).await
}

/// The client's headers, without those that HTTP/2 makes of the first line.
fn headers(http: &proto::HttpRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut append = |name: &str, value: &[u8]| {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    };
    http.headers.iter().for_each(|(name, value)| append(name, value.as_bytes()));
    for header in http.header_map.iter().flat_map(|map| &map.headers) {
        let value = if header.raw_value.is_empty() { header.value.as_bytes() } else { &header.raw_value };
        append(&header.key, value);
    }
    headers
}

/// Headers of our family that the client sent.
fn forged(headers: &HeaderMap) -> Vec<String> {
    let names = headers.keys().filter(|name| name.as_str().replace('_', "-").starts_with(FAMILY));
    names.map(|name| name.as_str().to_owned()).collect()
}

/// Where Envoy says that the client is.
fn source(peer: Option<proto::Peer>) -> Extensions {
    let mut extensions = Extensions::new();
    let address = peer.and_then(|peer| peer.address?.socket_address);
    if let Some(address) = address.and_then(|socket| socket.address.parse::<IpAddr>().ok()) {
        extensions.insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    extensions
}

async fn answer(response: Response, forged: Vec<String>) -> proto::CheckResponse {
    let (parts, body) = response.into_parts();
    let headers: Vec<_> = parts.headers.iter().filter_map(|(name, value)| option(name, value)).collect();
    if parts.status == StatusCode::OK {
        let ours = |name: &String| parts.headers.contains_key(name.as_str());
        let headers_to_remove = forged.into_iter().filter(|name| !ours(name)).collect();
        let ok = proto::OkHttpResponse { headers, headers_to_remove };
        let status = Some(proto::RpcStatus { code: OK });
        return proto::CheckResponse { status, http_response: Some(proto::HttpResponse::Ok(ok)) };
    }
    let body = to_bytes(body, MAX_ANSWER).await.unwrap_or_default();
    let denied = proto::DeniedHttpResponse {
        status: Some(proto::HttpStatus { code: i32::from(parts.status.as_u16()) }),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let status = Some(proto::RpcStatus { code: PERMISSION_DENIED });
    proto::CheckResponse { status, http_response: Some(proto::HttpResponse::Denied(denied)) }
}

fn option(name: &HeaderName, value: &HeaderValue) -> Option<proto::HeaderValueOption> {
    let (key, value) = (name.as_str().to_owned(), value.to_str().ok()?.to_owned());
    let header = Some(proto::HeaderValue { key, value, raw_value: Vec::new() });
    Some(proto::HeaderValueOption { header, append_action: proto::OVERWRITE })
}

#[cfg(test)]
mod tests;
