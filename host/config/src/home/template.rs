//! The `deployment.toml` of a new home.
//!
//! Every value is a working default, so that the file says what the server does; what needs a decision is
//! commented out.

use std::net::{Ipv4Addr, SocketAddr};

/// Where a new home listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// HTTPS.
    pub https: SocketAddr,
    /// Plain HTTP, disabled.
    pub http: SocketAddr,
    /// Admin.
    pub admin: SocketAddr,
}

impl Default for Addresses {
    /// 9443, 9763 and 9444 on 127.0.0.1.
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { https: local(9443), http: local(9763), admin: local(9444) }
    }
}

/// The text; the password is base64url.
pub(crate) fn deployment_toml(addresses: &Addresses, super_admin_password: &str) -> String {
    let Addresses { https, http, admin } = addresses;
    let port = https.port();
    format!(
        r#"#:schema ./deployment.schema.json
# Configuration of this server. Numbers and booleans may be quoted; $ref{{section.key}}, $env{{NAME}} and
# $sys{{NAME}} stand for other values, environment variables and system properties.
# `dropins check` verifies this file. A running server takes up changes by itself; `dropins reload` says what became
# of them.

[server]
hostname = "localhost"
# Public base URL: the issuer and all endpoints derive from it.
base_path = "https://$ref{{server.hostname}}:{port}"

# The proxies in front of this server, whose X-Forwarded-For is believed.
# [transport]
# trusted_proxies = ["10.0.0.0/8", "fd00::/8"]

[transport.https]
listen = "{https}"
enabled = true
# Relative to this folder; without them, the self-signed certificate that was made with this home.
# certificate_file = "tls-certificate.pem"
# private_key_file = "tls-key.pem"

[transport.http]
listen = "{http}"
enabled = false

# Status, metrics, reload and the console. Off loopback it needs a token, and tls = true for the console.
[transport.admin]
listen = "{admin}"
# token = "$env{{DROPINS_ADMIN_TOKEN}}"

# Plug-ins, the files in repository/components/dropins. The lowest order is asked first.
[[event_listener]]
id = "private_key_jwt_authenticator"
type = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler"
name = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator"
order = 899
enable = true
[event_listener.properties]
PreventTokenReuse = true
RejectBeforeInMinutes = 300
EnableCacheForJTI = true
# Notes which audience each client sends. Set AudienceMode = "strict", which accepts the issuer alone, as soon as
# `dropins client audience` shows no client that it would reject.
AudienceReport = "strict"
# AudienceMode = "strict"
# TokenEndpointAlias = ["https://is.example.com/oauth2/token"]

[[event_listener]]
id = "client_secret_authenticator"
file = "client_secret_authenticator.wasm"
order = 900
enable = true

# Tokens of trusted issuers (Kubernetes, GitHub Actions, SPIFFE) authenticate the clients whose `federated` names them.
[[event_listener]]
id = "federated_jwt_authenticator"
file = "federated_jwt_authenticator.wasm"
order = 901
enable = false

# Seen assertions, so that a replay is refused without a database read. Timeout in seconds.
[[cache.manager]]
name = "PrivateKeyJWT"
timeout = 300
capacity = 5000

[oauth]
timestamp_skew = "30s"
# Of signed access tokens: "ES256", or "RS256" for resource servers that know nothing else.
access_token_signing_alg = "ES256"
# The precise reason in error answers; for development only.
detailed_errors = false

[oauth.grant_type.client_credentials]
allow_id_token = false

# [oauth.jwks_endpoint]
# connection_timeout = "1s"
# read_timeout = "3s"
# size_limit_bytes = 65536

# Requests of one address that are answered; the next one is 429.
# [oauth.rate_limit]
# per_address = "200/s"

# Clients that are not registered: their id is the URL of a document about them.
# [oauth.client_id_metadata]
# mode = "listed"
# hosts = ["client.example.com"]
# scopes = "openid"

# Who has this bearer token can register clients at /oauth2/register (RFC 7591).
# [oauth.dcr]
# initial_access_token = "$env{{DROPINS_REGISTRATION_TOKEN}}"

# Issuers whose tokens authenticate clients, when the listener above is enabled. Their keys are at jwks_uri, in jwks or
# jwks_file, or where their metadata say.
# [[trusted_issuer]]
# issuer = "https://kubernetes.default.svc.cluster.local"
# jwks_uri = "https://kubernetes.example.com/openid/v1/jwks"
# ca_file = "cluster-ca.pem"
# bearer_token_file = "/var/run/secrets/kubernetes.io/serviceaccount/token"
# allow_reuse = true

# Clients. File names are relative to this folder.
# [[service_provider]]
# client_id = "my-client"
# token_endpoint_auth_method = "private_key_jwt"
# grant_types = ["client_credentials"]
# certificate_file = "my-client.pem"

[database.identity_db]
type = "sqlite"
# Several nodes share a server: type = "postgre" or "mysql", and its address.
# url = "postgresql://db.example.com:5432/identity?sslmode=verify-full&sslrootcert=database-ca.pem"
# username = "dropins"
# password = "$env{{DATABASE_PASSWORD}}"

# Used assertions: in the identity database, or in Redis (type = "redis" with url).
[replay_store]
type = "identity_db"
# `dropins check` warns when so many a second, kept for their lifetime, take more than this.
# expected_rate = 100
# size_limit = "1GiB"

# Keystores in repository/resources/security, JKS or PKCS#12.
# [keystore.primary]
# file_name = "wso2carbon.p12"
# password = "$env{{KEYSTORE_PASSWORD}}"
# [truststore]
# file_name = "client-truststore.jks"
# password = "$env{{TRUSTSTORE_PASSWORD}}"

[super_admin]
username = "admin"
password = "{super_admin_password}"

[logging]
format = "human"
level = "info"
# A file in place of standard error, relative to the home; a new one "daily", "hourly" or "never".
# file = "repository/logs/dropins.log"
# rotate = "daily"
# keep = 14
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, parse};

    #[test]
    fn the_template_has_no_problems_and_no_notices_and_says_the_defaults() {
        let environment = Environment::default();
        let text = deployment_toml(&Addresses::default(), "x");
        let (deployment, notices) = parse(&text, &environment).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(notices, []);
        let (defaults, _) = parse("", &environment).unwrap();
        assert_eq!(deployment.server, defaults.server);
        assert_eq!(deployment.transport, defaults.transport);
        assert_eq!(deployment.replay_cache, defaults.replay_cache);
        assert_eq!(deployment.oauth, defaults.oauth);
        assert_eq!(deployment.logging, defaults.logging);
        let enabled: Vec<_> = deployment.listeners.iter().map(|listener| listener.enabled).collect();
        assert_eq!(enabled, [true, true, false]);
    }

    #[test]
    fn what_is_commented_out_is_right_as_well() {
        let text = deployment_toml(&Addresses::default(), "x");
        let uncommented = |line: &str| {
            let bare = line.strip_prefix("# ").unwrap_or(line);
            let is_toml = bare.starts_with('[') || bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
            if is_toml { bare.to_owned() } else { line.to_owned() }
        };
        let text: Vec<String> = text.lines().map(uncommented).collect();
        let names = [
            "DROPINS_ADMIN_TOKEN",
            "DROPINS_REGISTRATION_TOKEN",
            "DATABASE_PASSWORD",
            "KEYSTORE_PASSWORD",
            "TRUSTSTORE_PASSWORD",
        ];
        let variables = names.map(|name| (name.to_owned(), "x".to_owned()));
        let environment = Environment::new(std::path::Path::new("/"), variables, []);
        let (deployment, _) = parse(&text.join("\n"), &environment).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!((deployment.service_providers.len(), deployment.trusted_issuers.len()), (1, 1));
        assert!(deployment.keystores.primary.is_some() && deployment.transport.admin.token.is_some());
    }
}
