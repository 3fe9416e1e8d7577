//! The request of a client, as a proxy describes it.

use axum::body::Body;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{Extensions, HeaderMap, Method, Uri};

use super::proxy::Proxy;

/// What a proxy asks about.
pub(super) struct Asked {
    /// Who asks.
    pub(super) proxy: Proxy,
    /// The method of the client's request; nothing when the proxy does not say.
    pub(super) method: Option<Method>,
    /// Path and query of the client's request.
    pub(super) target: Option<PathAndQuery>,
    /// The headers that arrived.
    pub(super) headers: HeaderMap,
    /// The body that arrived.
    pub(super) body: Body,
    /// Where the connection comes from.
    pub(super) extensions: Extensions,
}

impl Asked {
    /// The client's request, and the proxy. Returns `None` if the proxy does not say what is called.
    pub(super) fn request(self) -> Option<(Proxy, Request)> {
        let (method, target) = (self.method?, self.target?);
        let mut request = Request::new(self.body);
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from(target);
        *request.headers_mut() = self.headers;
        *request.extensions_mut() = self.extensions;
        Some((self.proxy, request))
    }
}
