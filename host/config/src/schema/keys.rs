//! Every key that this server reads: path, type, default and meaning.
//!
//! The only list of them: checking, suggestions, defaults and the reference documentation come from here. A
//! key inside of an array of tables has the path of the array, `event_listener.order`.

use std::sync::LazyLock;

use dropins_protocol::TokenAlgorithm;

use super::effect::Effect;

/// The type of a key. Numbers and booleans may be quoted; words match without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A non-empty string.
    Text,
    /// A non-empty string that never appears in a message.
    Secret,
    /// `true` or `false`.
    Boolean,
    /// An integer within these bounds, both included.
    Integer(i64, i64),
    /// `30s`, `500ms`, `5m`; a bare number is seconds.
    Duration,
    /// `16MiB`, `64KiB`; a bare number is bytes; within these bounds, both included.
    Size(u64, u64),
    /// `IP:port`, or `localhost:port`.
    Address,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An array of strings, or one string with white space between them.
    Words,
    /// The same, each one of these words.
    Choices(&'static [&'static str]),
    /// An inline table, or its JSON text.
    Json,
    /// Property names with strings, numbers, booleans or arrays of them.
    Properties,
    /// An array of tables, `[[path]]`.
    Tables,
}

impl Kind {
    /// What a value is, in words: `true or false`, `30s`, `one of jwt, opaque`.
    pub fn words(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Secret => "secret text".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Integer(i64::MIN..=-1_000_000, _) => "an integer".to_owned(),
            Self::Integer(min, max) => format!("an integer from {min} to {max}"),
            Self::Duration => "a duration: 30s, 500ms, 5m".to_owned(),
            Self::Size(..) => "a size: 64KiB, 16MiB".to_owned(),
            Self::Address => "an address with a port".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Words => "a list of texts".to_owned(),
            Self::Choices(words) => format!("a list of {}", words.join(", ")),
            Self::Json => "a table, or its JSON text".to_owned(),
            Self::Properties => "a table of properties".to_owned(),
            Self::Tables => "an array of tables".to_owned(),
        }
    }
}

impl Key {
    /// When a change of it takes effect.
    pub fn effect(&self) -> Effect {
        Effect::of(self.path)
    }
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Dotted path.
    pub path: &'static str,
    /// Type.
    pub kind: Kind,
    /// Default, as it would be written; it may refer to other keys.
    pub default: Option<&'static str>,
    /// Meaning, in a few words.
    pub doc: &'static str,
    /// Other paths that are read as this one.
    pub aliases: &'static [&'static str],
}

const fn key(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Key {
    Key { path, kind, default, doc, aliases: &[] }
}

const fn alias(key: Key, aliases: &'static [&'static str]) -> Key {
    Key { aliases, ..key }
}

/// Signature algorithms that a client may use (RFC 7518 section 3.1, RFC 8037, RFC 9864, RFC 9964).
pub(crate) const ALGORITHMS: &[&str] = &[
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "ML-DSA-44",
    "ML-DSA-65",
    "ML-DSA-87",
];

/// Grant types of the token endpoint.
const GRANT_TYPES: &[&str] = &["client_credentials", "authorization_code", "refresh_token"];

/// Properties of the plug-in that comes with the server; elsewhere than in a listener they are misplaced.
pub(crate) const PLUGIN_PROPERTIES: &[&str] = &[
    "PreventTokenReuse",
    "RejectBeforeInMinutes",
    "TokenEndpointAlias",
    "EnableCacheForJTI",
    "RetryWindowInSeconds",
    "AudienceMode",
    "AudienceReport",
    "ForeignIssuers",
    "Profile",
    "ClockSkewInSeconds",
    "MaxLifetimeInMinutes",
    "AllowedAlgorithms",
    "RequireJti",
    "CertificateValidity",
    "SignatureVerification",
];

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const YEAR_MINUTES: i64 = 366 * 24 * 60;

use Kind::{Address, Boolean, Choice, Choices, Duration, Integer, Json, Properties, Secret, Size, Tables, Text, Words};

/// The keys, grouped by section.
pub static KEYS: &[Key] = &[
    key("server.hostname", Text, Some("localhost"), "host name of the server"),
    key(
        "server.base_path",
        Text,
        Some("https://$ref{server.hostname}:9443"),
        "public base URL; issuer and endpoints derive from it",
    ),
    key(
        "server.shutdown_delay",
        Duration,
        Some("0s"),
        "how long a stopping server is not ready and still takes requests, so that load balancers notice",
    ),
    key("transport.trusted_proxies", Words, None, "proxies whose X-Forwarded-For is believed: addresses or networks"),
    key("transport.https.listen", Address, Some("127.0.0.1:9443"), "address of the HTTPS listener"),
    key("transport.https.enabled", Boolean, Some("true"), "whether HTTPS is served"),
    key("transport.https.certificate_file", Text, None, "PEM certificate chain, relative to repository/conf"),
    key("transport.https.private_key_file", Text, None, "PEM private key, relative to repository/conf"),
    key("transport.http.listen", Address, Some("127.0.0.1:9763"), "address of the plain HTTP listener"),
    key("transport.http.enabled", Boolean, Some("false"), "whether plain HTTP is served"),
    key("transport.admin.listen", Address, Some("127.0.0.1:9444"), "address of status, metrics and reload"),
    key("transport.admin.tls", Boolean, Some("false"), "TLS on it, with the certificate of transport.https"),
    key("transport.admin.token", Secret, None, "bearer token of the admin listener; required off loopback"),
    key(
        "transport.authz.enabled",
        Boolean,
        Some("false"),
        "whether proxies may ask: Envoy's ext_authz, Traefik's forwardAuth",
    ),
    key("transport.authz.listen", Address, Some("127.0.0.1:9446"), "address for them"),
    key("transport.authz.token", Secret, None, "bearer token that they send"),
    key("transport.authz.allowed_networks", Words, None, "addresses or networks that may ask"),
    key("transport.authz.issuer", Text, None, "issuer of the server behind the proxy; the server's own by default"),
    key("transport.authz.token_endpoint", Text, Some("/oauth2/token"), "path of its token endpoint"),
    key("transport.authz.revocation_endpoint", Text, None, "path of its revocation endpoint"),
    key("transport.authz.introspection_endpoint", Text, None, "path of its introspection endpoint"),
    key(
        "transport.authz.pushed_authorization_request_endpoint",
        Text,
        None,
        "path of its pushed authorization request endpoint",
    ),
    key("event_listener", Tables, None, "one plug-in each"),
    key("event_listener.id", Text, None, "label for people"),
    key("event_listener.type", Text, None, "handler type, as in WSO2"),
    key("event_listener.name", Text, None, "name of the plug-in, or one of its aliases"),
    key("event_listener.file", Text, None, "file in the dropins folder, instead of a name"),
    key("event_listener.order", Integer(i32::MIN as i64, i32::MAX as i64), Some("0"), "lower is asked first"),
    alias(key("event_listener.enable", Boolean, Some("true"), "whether it is used"), &["event_listener.enabled"]),
    key("event_listener.digest", Text, None, "pin: sha256:HEX of the component"),
    key(
        "event_listener.isolation",
        Choice(&["fresh", "pooled"]),
        Some("fresh"),
        "an instance per request, or reused ones",
    ),
    key("event_listener.shadow", Text, None, "file of a candidate that is compared with the plug-in on live requests"),
    key("event_listener.properties", Properties, None, "properties of the plug-in"),
    key("cache.manager", Tables, None, "one cache each"),
    key("cache.manager.name", Text, None, "PrivateKeyJWT is the one of this server"),
    key("cache.manager.timeout", Duration, Some("300"), "how long an entry is kept, seconds"),
    key("cache.manager.capacity", Integer(0, 100_000_000), Some("5000"), "number of entries"),
    key("cache.private_key_jwt.enable", Boolean, Some("true"), "whether used assertions are cached"),
    key("cache.private_key_jwt.timeout", Duration, Some("300"), "how long an entry is kept, seconds"),
    key("cache.private_key_jwt.capacity", Integer(0, 100_000_000), Some("5000"), "number of entries"),
    key("service_provider", Tables, None, "one client each; the database holds the others"),
    key("service_provider.client_id", Text, None, "client identifier"),
    key("service_provider.client_name", Text, None, "name for people"),
    key("service_provider.enabled", Boolean, Some("true"), "whether the client may be used"),
    key("service_provider.token_endpoint_auth_method", Text, None, "the only method that the client may use"),
    key("service_provider.token_endpoint_auth_signing_alg", Choice(ALGORITHMS), None, "the only algorithm it may use"),
    key(
        "service_provider.id_token_signed_response_alg",
        Choice(&TokenAlgorithm::NAMES),
        Some("RS256"),
        "algorithm of the ID tokens that it is given",
    ),
    key("service_provider.grant_types", Choices(GRANT_TYPES), Some("client_credentials"), "grants it may use"),
    key("service_provider.redirect_uris", Words, None, "redirect URIs, compared as strings"),
    key(
        "service_provider.post_logout_redirect_uris",
        Words,
        None,
        "where users may be sent after signing out, compared as strings",
    ),
    alias(key("service_provider.scope", Words, None, "scopes it may ask for"), &["service_provider.scopes"]),
    key("service_provider.client_secret", Secret, None, "secret for client_secret_basic and client_secret_post"),
    key("service_provider.client_secret_hash", Secret, None, "the secret's argon2id hash, PHC text"),
    key("service_provider.certificate", Text, None, "certificate, PEM text"),
    key("service_provider.certificate_file", Text, None, "certificate file, relative to repository/conf"),
    key("service_provider.jwks", Json, None, "JWK set, inline table or JSON text"),
    key("service_provider.jwks_file", Text, None, "JWK set file, relative to repository/conf"),
    key("service_provider.jwks_uri", Text, None, "https URL of a JWK set"),
    key("service_provider.federated", Tables, None, "subjects of trusted issuers that the client is known by"),
    key("service_provider.federated.issuer", Text, None, "issuer of the pair, one of [[trusted_issuer]]"),
    key("service_provider.federated.subject", Text, None, "subject of the pair, compared exactly"),
    key("service_provider.prevent_token_reuse", Boolean, None, "overrides PreventTokenReuse"),
    key("service_provider.audience_mode", Choice(&["auto", "strict", "legacy"]), None, "overrides AudienceMode"),
    key("service_provider.profile", Choice(&["none", "fapi2", "smart", "obbr"]), None, "overrides Profile"),
    key("service_provider.max_lifetime_in_minutes", Integer(1, YEAR_MINUTES), None, "overrides MaxLifetimeInMinutes"),
    key("service_provider.allowed_algorithms", Choices(ALGORITHMS), None, "overrides AllowedAlgorithms"),
    key("service_provider.upstream", Text, None, "issuer of the upstream that it uses, where there are several"),
    key("service_provider.upstream_client_id", Text, None, "its client id there; the same by default"),
    key("service_provider.upstream_client_secret", Secret, None, "its secret there"),
    key("upstream", Tables, None, "one authorization server each that requests are forwarded to"),
    key("upstream.issuer", Text, None, "its issuer, as clients see it"),
    key("upstream.target", Text, None, "where requests go, http: or https: without a path"),
    key("upstream.token_endpoint", Text, None, "path of its token endpoint, here and there"),
    key("upstream.revocation_endpoint", Text, None, "path of its revocation endpoint"),
    key("upstream.introspection_endpoint", Text, None, "path of its introspection endpoint"),
    key(
        "upstream.pushed_authorization_request_endpoint",
        Text,
        None,
        "path of its pushed authorization request endpoint",
    ),
    key(
        "upstream.credential",
        Choice(&["client_secret_basic", "client_secret_post", "header"]),
        Some("client_secret_basic"),
        "how it learns who the client is",
    ),
    key("upstream.header", Text, None, "the header of credential = \"header\""),
    key("upstream.pass", Words, None, "paths that are forwarded unjudged; a final /* is every path below"),
    key("upstream.ca_file", Text, None, "PEM roots for it alone, relative to repository/conf; else the system's"),
    key("upstream.connection_timeout", Duration, Some("2s"), "time to connect to it"),
    key(
        "upstream.read_timeout",
        Duration,
        Some("30s"),
        "time for the beginning of its answer, and for each further part",
    ),
    key("upstream.body_limit", Size(KIB, GIB), Some("10MiB"), "largest request body on a path of `pass`"),
    key("trusted_issuer", Tables, None, "one issuer each whose tokens authenticate clients"),
    key("trusted_issuer.issuer", Text, None, "issuer identifier, compared exactly; of a trust domain, spiffe://NAME"),
    key("trusted_issuer.kind", Choice(&["oidc", "spiffe"]), Some("oidc"), "OpenID Connect, or a SPIFFE trust domain"),
    key("trusted_issuer.jwks_uri", Text, None, "URL of its keys, or of its bundle; by default its metadata name it"),
    key("trusted_issuer.jwks", Json, None, "its JWK set, inline table or JSON text"),
    key("trusted_issuer.jwks_file", Text, None, "its JWK set file, relative to repository/conf"),
    key("trusted_issuer.ca_file", Text, None, "PEM authorities that replace all others when its keys are fetched"),
    key("trusted_issuer.bearer_token_file", Text, None, "token that is sent when its keys are fetched"),
    key("trusted_issuer.max_lifetime", Duration, Some("1h"), "longest lifetime of its tokens; at most 24h"),
    key("trusted_issuer.allow_reuse", Boolean, Some("false"), "whether its tokens may be used more than once"),
    key(
        "database.identity_db.type",
        Choice(&["sqlite", "h2", "postgre", "postgresql", "mysql", "mariadb"]),
        Some("sqlite"),
        "kind of database; h2 is read as sqlite",
    ),
    key("database.identity_db.url", Secret, None, "URL, instead of the parts; jdbc: too"),
    key("database.identity_db.hostname", Text, None, "host of the database server"),
    key("database.identity_db.port", Integer(1, 65_535), None, "port of the database server"),
    key("database.identity_db.name", Text, None, "name of the database"),
    key("database.identity_db.username", Text, None, "user of the database"),
    key("database.identity_db.password", Secret, None, "password of that user"),
    key(
        "replay_store.type",
        Choice(&["identity_db", "redis", "memory"]),
        Some("identity_db"),
        "where used assertions are kept",
    ),
    key("replay_store.url", Secret, None, "URL of the redis server"),
    key("replay_store.expected_rate", Integer(1, 10_000_000), Some("100"), "assertions a second, on all nodes"),
    key("replay_store.size_limit", Size(MIB, 1024 * GIB), Some("1GiB"), "size that a larger one is warned about"),
    key("clustering.membership_scheme", Text, Some("local"), "local is one node, everything else several"),
    key("clustering.members", Words, None, "the nodes; two or more are several"),
    key("oauth.enabled", Boolean, None, "whether it issues tokens itself; by default, unless there is an [[upstream]]"),
    key("oauth.timestamp_skew", Duration, Some("30s"), "default of ClockSkewInSeconds"),
    key("oauth.detailed_errors", Boolean, Some("false"), "the precise reason in error answers; for development"),
    key(
        "oauth.token_type",
        Choice(&["jwt", "opaque"]),
        Some("jwt"),
        "kind of access tokens: signed (RFC 9068) or opaque",
    ),
    key(
        "oauth.access_token_signing_alg",
        Choice(&TokenAlgorithm::NAMES),
        Some("ES256"),
        "algorithm of signed access tokens; ES256 is many times faster",
    ),
    key("oauth.token_validation.app_access_token_validity", Duration, Some("3600"), "life of a client's access token"),
    key("oauth.token_validation.user_access_token_validity", Duration, Some("3600"), "life of a user's access token"),
    key("oauth.token_validation.refresh_token_validity", Duration, Some("86400"), "life of a refresh token"),
    key("oauth.token_validation.authorization_code_validity", Duration, Some("60"), "life of an authorization code"),
    key("oauth.token_validation.id_token_validity", Duration, Some("3600"), "life of an ID token"),
    key("oauth.grant_type.client_credentials.allow_id_token", Boolean, Some("false"), "ID token for scope openid"),
    key("oauth.grant_type.client_credentials.allow_refresh_tokens", Boolean, Some("false"), "refresh token as well"),
    key("oauth.introspect.resource_servers", Words, None, "clients that may introspect the tokens of others"),
    key("oauth.oidc.id_token.issuer", Text, None, "issuer, when it is not server.base_path"),
    key("oauth.jwks_endpoint.connection_timeout", Duration, Some("1s"), "time to connect to a JWKS URI"),
    key("oauth.jwks_endpoint.read_timeout", Duration, Some("3s"), "time for the whole answer"),
    key("oauth.jwks_endpoint.size_limit_bytes", Size(KIB, 16 * MIB), Some("65536"), "largest answer"),
    key("oauth.jwks_endpoint.allow_http_hosts", Words, None, "hosts for which http: is allowed"),
    key("oauth.jwks_endpoint.allowed_private_hosts", Words, None, "hosts that may be loopback or private"),
    key("oauth.dcr.enabled", Boolean, Some("true"), "whether clients can be registered at /oauth2/register"),
    key("oauth.dcr.authentication_required", Boolean, Some("true"), "whether that needs the initial access token"),
    key("oauth.dcr.initial_access_token", Secret, None, "bearer token; without one, no client can be registered"),
    key(
        "oauth.rate_limit.per_address",
        Text,
        None,
        "requests of one address that are answered, 200/s; an IPv6 network of 64 bits is one address",
    ),
    key(
        "oauth.client_id_metadata.mode",
        Choice(&["off", "listed", "any"]),
        Some("off"),
        "whose documents make clients whose id is a URL: none, those of listed hosts, or of any",
    ),
    key("oauth.client_id_metadata.hosts", Words, None, "the listed hosts"),
    key("oauth.client_id_metadata.scopes", Words, Some("openid"), "scopes that such clients may ask for"),
    key(
        "oauth.client_id_metadata.grant_types",
        Choices(GRANT_TYPES),
        Some("authorization_code refresh_token"),
        "grants that such clients may use; client_credentials with listed hosts only",
    ),
    key(
        "oauth.client_id_metadata.allowed_private_hosts",
        Words,
        None,
        "hosts of documents and of their key sets that may be loopback or private",
    ),
    // Under its name in files of WSO2 Identity Server 5.9, too.
    alias(
        key("keystore.primary.file_name", Text, None, "file under repository/resources/security"),
        &["keystore.primary.name"],
    ),
    key("keystore.primary.type", Choice(&["JKS", "PKCS12"]), None, "kind, when the file does not show it"),
    key("keystore.primary.password", Secret, None, "password of the store"),
    key("keystore.primary.alias", Text, None, "alias of the server's own key"),
    key("keystore.primary.key_password", Secret, None, "password of that key"),
    key("keystore.tls.file_name", Text, None, "file under repository/resources/security"),
    key("keystore.tls.type", Choice(&["JKS", "PKCS12"]), None, "kind, when the file does not show it"),
    key("keystore.tls.password", Secret, None, "password of the store"),
    key("keystore.tls.alias", Text, None, "alias of the TLS key"),
    key("keystore.tls.key_password", Secret, None, "password of that key"),
    key("truststore.file_name", Text, None, "file under repository/resources/security"),
    key("truststore.type", Choice(&["JKS", "PKCS12"]), None, "kind, when the file does not show it"),
    key("truststore.password", Secret, None, "password of the store"),
    key("super_admin.username", Text, Some("admin"), "name of the administrator"),
    key("super_admin.password", Secret, None, "password of the administrator"),
    key("limits.memory", Size(MIB, 4 * GIB), Some("16MiB"), "memory of one plug-in instance"),
    key("limits.stack", Size(64 * KIB, 16 * MIB), Some("512KiB"), "stack of one call"),
    key("limits.call_deadline", Duration, Some("100ms"), "time for one call"),
    key("limits.config_deadline", Duration, Some("500ms"), "time for describe and check-config"),
    key("limits.compile_deadline", Duration, Some("180s"), "time for compiling one component"),
    key("limits.call_wall_limit", Duration, Some("10s"), "time for one request in one plug-in, waiting included"),
    key("limits.service_calls", Integer(1, 1_000_000), Some("32"), "calls to services for one request"),
    key("limits.import_calls", Integer(1, 1_000_000), Some("256"), "calls of any kind to the host for one request"),
    key("limits.host_copy", Size(KIB, GIB), Some("64KiB"), "bytes copied between host and plug-in in one call"),
    key("limits.handles", Integer(1, 1_000_000), Some("1000"), "resource handles of one call"),
    key("limits.component_size", Size(KIB, GIB), Some("24MiB"), "size of a component file"),
    key("limits.log_lines", Integer(0, 10_000), Some("32"), "log lines of one call"),
    key("limits.log_bytes", Size(0, 16 * MIB), Some("8KiB"), "log bytes of one call"),
    key("limits.concurrent_calls", Integer(1, 1_000_000), None, "calls at once; default 2 x cores x 64"),
    key("logging.format", Choice(&["human", "json"]), Some("human"), "form of a log line"),
    key(
        "logging.level",
        Choice(&["error", "warn", "info", "debug", "trace"]),
        Some("info"),
        "least severe level shown",
    ),
    key("logging.file", Text, None, "log file, relative to the home; without it, standard error"),
    key("logging.rotate", Choice(&["daily", "hourly", "never"]), Some("daily"), "when a new log file begins, in UTC"),
    key("logging.keep", Integer(1, 10_000), Some("14"), "old log files that are kept"),
    key("telemetry.endpoint", Text, None, "collector of traces and metrics, OTLP over HTTP"),
    key("telemetry.service_name", Text, Some("dropins"), "service.name of what is exported"),
    key(
        "telemetry.sample_percent",
        Integer(0, 100),
        Some("100"),
        "of a hundred traces that begin here, those recorded",
    ),
    key("telemetry.interval", Duration, Some("60s"), "time between two exports of metrics"),
];

/// Paths of sections, the parents of the keys, in the order of [`KEYS`].
static SECTIONS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut sections = Vec::new();
    for key in KEYS {
        let dots = key.path.match_indices('.');
        for parent in dots.filter_map(|(at, _)| key.path.get(..at)) {
            if !sections.contains(&parent) {
                sections.push(parent);
            }
        }
    }
    sections
});

/// The key at this path, or with it as an alias.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path || key.aliases.contains(&path))
}

/// Whether the path is a table that holds keys.
pub(crate) fn is_section(path: &str) -> bool {
    SECTIONS.contains(&path)
}

/// All paths of keys.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.path)
}

/// Names of the keys and tables directly in this section (empty: the root).
pub(crate) fn children(section: &str) -> impl Iterator<Item = &'static str> {
    let mut seen = Vec::new();
    let names = paths().filter_map(move |path| {
        let rest = if section.is_empty() { path } else { path.strip_prefix(section)?.strip_prefix('.')? };
        rest.split('.').next()
    });
    names.filter(move |name| {
        let new = !seen.contains(name);
        seen.push(name);
        new
    })
}

/// Sections that have a key of this name.
pub(crate) fn sections_of(name: &str) -> impl Iterator<Item = &'static str> {
    let name = crate::language::spelling::plain(name);
    paths().filter_map(move |path| {
        let (section, leaf) = path.rsplit_once('.')?;
        (crate::language::spelling::plain(leaf) == name).then_some(section)
    })
}

/// The header line of a section, `[oauth]` or `[[event_listener]]`.
pub(crate) fn header(section: &str) -> String {
    match find(section) {
        Some(Key { kind: Kind::Tables, .. }) => format!("[[{section}]]"),
        _ => format!("[{section}]"),
    }
}

/// The path of a key in a section; a name that TOML would have to quote is quoted.
pub(crate) fn join(section: &str, name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let name = if bare { name.to_owned() } else { format!("{name:?}") };
    if section.is_empty() { name } else { format!("{section}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_unique_and_documented() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(KEYS.iter().skip(at + 1).all(|other| other.path != key.path), "{} is there twice", key.path);
            assert!(!key.doc.is_empty(), "{} has no documentation", key.path);
        }
    }

    #[test]
    fn sections_are_the_parents_of_keys() {
        assert!(is_section("oauth.oidc.id_token") && is_section("oauth.oidc") && !is_section("oauth.timestamp_skew"));
        assert_eq!(children("transport").collect::<Vec<_>>(), ["trusted_proxies", "https", "http", "admin", "authz"]);
        assert_eq!(header("cache.manager"), "[[cache.manager]]");
    }

    #[test]
    fn a_quoted_key_with_a_dot_is_not_a_path() {
        assert_eq!(join("", "server.hostname"), "\"server.hostname\"");
        assert_eq!(join("server", "hostname"), "server.hostname");
    }
}
