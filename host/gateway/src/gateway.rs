//! All upstreams of a configuration, and where a path leads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use dropins_config::{Upstream as Config, UpstreamCredential, is_plain_path};
use http::HeaderName;

use crate::connections::Connections;
use crate::roots::BadRoots;
use crate::routes::{Route, route};
use crate::upstream::Upstream;

/// The upstreams.
#[derive(Default)]
pub struct Gateway {
    upstreams: Vec<Arc<Upstream>>,
    identity: Vec<HeaderName>,
}

impl Gateway {
    /// The upstreams of a file, with their roots, PEM, by issuer.
    ///
    /// # Errors
    /// Each upstream, by its place in the file, whose roots cannot be used.
    pub fn new(
        configs: &[Config],
        roots: &BTreeMap<String, String>,
        connections: &Connections,
    ) -> Result<Self, Vec<(Range<usize>, BadRoots)>> {
        let (mut upstreams, mut bad) = (Vec::new(), Vec::new());
        for config in configs {
            let roots = roots.get(config.issuer.as_str()).map(String::as_str);
            match Upstream::new(config.clone(), roots, connections) {
                Ok(upstream) => upstreams.push(Arc::new(upstream)),
                Err(error) => bad.push((config.span.clone(), error)),
            }
        }
        let identity = configs.iter().filter_map(|config| match &config.credential {
            UpstreamCredential::Header(name) => Some(name.clone()),
            UpstreamCredential::Basic | UpstreamCredential::Post => None,
        });
        let identity = identity.collect();
        if bad.is_empty() { Ok(Self { upstreams, identity }) } else { Err(bad) }
    }

    /// All upstreams, in the order of the file.
    pub fn upstreams(&self) -> &[Arc<Upstream>] {
        &self.upstreams
    }

    /// Whether there is one upstream at most.
    pub fn is_single(&self) -> bool {
        self.upstreams.len() <= 1
    }

    /// The headers by which upstreams learn who a client is; no client may send one, to whichever upstream.
    pub fn identity_headers(&self) -> &[HeaderName] {
        &self.identity
    }

    /// Where a path leads, as it was sent; nowhere unless it is configured, and has one reading only.
    pub fn route(&self, path: &str) -> Option<(&Arc<Upstream>, Route)> {
        if self.upstreams.is_empty() || !is_plain_path(path) {
            return None;
        }
        self.upstreams.iter().find_map(|upstream| route(upstream.config(), path).map(|route| (upstream, route)))
    }
}

#[cfg(test)]
mod tests {
    use dropins_config::JudgedEndpoint;

    use super::*;
    use crate::upstream::tests::configs;

    fn gateway() -> Gateway {
        let text = "[[upstream]]\nissuer = \"https://as.example.com\"\ntarget = \"http://127.0.0.1:1\"\n\
                    token_endpoint = \"/oauth2/token\"\nrevocation_endpoint = \"/oauth2/revoke\"\n\
                    pass = [\"/oauth2/authorize\", \"/login/*\"]\n\
                    [[upstream]]\nissuer = \"https://as.example.com/realms/b\"\ntarget = \"http://127.0.0.1:2\"\n\
                    token_endpoint = \"/realms/b/token\"\ncredential = \"header\"\nheader = \"x-client-id\"\n";
        Gateway::new(&configs(text), &BTreeMap::new(), &Connections::default()).unwrap()
    }

    fn routed(path: &str) -> Option<(usize, Route)> {
        let gateway = gateway();
        let (upstream, route) = gateway.route(path)?;
        let place = gateway.upstreams().iter().position(|other| Arc::ptr_eq(other, upstream)).unwrap();
        Some((place, route))
    }

    #[test]
    fn a_configured_path_leads_to_its_upstream() {
        let judged = |endpoint| Route::Judged(endpoint);
        for (path, expected) in [
            ("/oauth2/token", (0, judged(JudgedEndpoint::Token))),
            ("/oauth2/token/", (0, judged(JudgedEndpoint::Token))),
            ("/oauth2/revoke", (0, judged(JudgedEndpoint::Revocation))),
            ("/oauth2/authorize", (0, Route::Pass)),
            ("/login/a/b", (0, Route::Pass)),
            ("/.well-known/openid-configuration", (0, Route::Metadata)),
            ("/.well-known/oauth-authorization-server", (0, Route::Metadata)),
            ("/realms/b/token", (1, judged(JudgedEndpoint::Token))),
            ("/realms/b/.well-known/openid-configuration", (1, Route::Metadata)),
            ("/.well-known/oauth-authorization-server/realms/b", (1, Route::Metadata)),
        ] {
            assert_eq!(routed(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn every_other_path_leads_nowhere() {
        for path in [
            "/",
            "",
            "*",
            "/oauth2",
            "/oauth2/introspect",
            "/admin",
            "/login",
            "/login/",
            "/OAuth2/token",
            "/oauth2/Token",
            "/oauth2//token",
            "//oauth2/token",
            "/oauth2/token//",
            "/oauth2/./token",
            "/oauth2/x/../token",
            "/oauth2/%74oken",
            "/oauth2%2ftoken",
            "/login/../oauth2/token",
            "/login/%2e%2e/oauth2/token",
            "/login/..;/oauth2/token",
            "/login/a;b",
            "/login/a\\..\\b",
            "/login//a",
            "/login/a%00",
            "/realms/b/login/x",
        ] {
            assert_eq!(routed(path), None, "{path}");
        }
    }

    #[test]
    fn without_upstreams_no_path_leads_anywhere() {
        assert!(Gateway::default().route("/oauth2/token").is_none());
    }

    #[test]
    fn connections_outlive_a_change_that_does_not_concern_them() {
        let connections = Connections::default();
        let text = |target: &str, pass: &str| {
            format!(
                "[[upstream]]\nissuer = \"https://as.example.com\"\ntarget = \"{target}\"\ntoken_endpoint = \"/t\"\n{pass}"
            )
        };
        let build = |text: String| Gateway::new(&configs(&text), &BTreeMap::new(), &connections).unwrap();
        let first = build(text("http://127.0.0.1:1", ""));
        let same = build(text("http://127.0.0.1:1", "pass = [\"/a\"]"));
        let moved = build(text("http://127.0.0.1:2", ""));
        let kept = |gateway: &Gateway| std::ptr::from_ref(gateway.upstreams()[0].kept());
        assert_eq!(kept(&first), kept(&same));
        assert_ne!(kept(&first), kept(&moved));
    }
}
