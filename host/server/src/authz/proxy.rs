//! The proxies that ask, and the settings of theirs that decide what arrives here.

use super::shortfall::Shortfall;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    /// Envoy's ext_authz filter with an HTTP service.
    EnvoyHttp,
    /// The same with a gRPC service; Istio, Contour, Gloo and the Gateway API speak it as well.
    EnvoyGrpc,
    /// Traefik's forwardAuth.
    Traefik,
}

impl Proxy {
    /// The name in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::EnvoyHttp => "envoy (http)",
            Self::EnvoyGrpc => "envoy (grpc)",
            Self::Traefik => "traefik",
        }
    }

    /// The setting to change if this did not arrive.
    pub(super) fn setting(self, shortfall: Shortfall) -> &'static str {
        match (self, shortfall) {
            (Self::EnvoyHttp | Self::EnvoyGrpc, Shortfall::NoBody) => {
                "with_request_body: { max_request_bytes: 65536, allow_partial_message: false }"
            }
            (Self::EnvoyHttp | Self::EnvoyGrpc, Shortfall::CutBody) => {
                "with_request_body.allow_partial_message: false, and a max_request_bytes of at least 65536"
            }
            (Self::EnvoyHttp, Shortfall::NoContentType) => {
                "http_service.authorization_request.allowed_headers: a pattern for content-type"
            }
            (Self::EnvoyGrpc, Shortfall::NoContentType) => {
                "allowed_headers and disallowed_headers: let content-type through"
            }
            (Self::EnvoyHttp | Self::EnvoyGrpc, Shortfall::NoTarget) => "http_service.path_prefix: /envoy",
            (Self::Traefik, Shortfall::NoBody) => "forwardAuth.forwardBody: true",
            (Self::Traefik, Shortfall::CutBody) => "forwardAuth.maxBodySize: at least 65536",
            (Self::Traefik, Shortfall::NoContentType) => {
                "forwardAuth.authRequestHeaders: leave it out, or add Content-Type"
            }
            (Self::Traefik, Shortfall::NoTarget) => {
                "forwardAuth.authRequestHeaders: leave it out, or add X-Forwarded-Method and X-Forwarded-Uri"
            }
        }
    }

    /// The setting to change if it does not wait for an answer.
    pub(super) fn time_out(self) -> &'static str {
        match self {
            Self::EnvoyHttp => "http_service.server_uri.timeout: 3s (200ms by default)",
            Self::EnvoyGrpc => "grpc_service.timeout: 3s (200ms by default)",
            Self::Traefik => "the time-out of the client in front of Traefik, which waits 30 s itself",
        }
    }
}
