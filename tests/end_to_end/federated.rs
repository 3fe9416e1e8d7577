//! Tokens of trusted issuers: a cluster whose keys are behind its own authority and a token, an issuer that is found by its
//! metadata, a SPIFFE trust domain, and all methods together.

use serde_json::{Value, json};

use crate::client::{TestClient, now};
use crate::home::TestHome;
use crate::http::Answer;
use crate::issuer_host::{IssuerHost, IssuerKey, enable};
use crate::server::Server;

const CLUSTER: &str = "https://kubernetes.default.svc.cluster.local";
const WORKER: &str = "system:serviceaccount:orders:worker";
const JWT_SPIFFE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// Adds a client that is known by this subject.
fn register(home: &TestHome, client: &str, issuer: &str, subject: &str, lines: &str) {
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"{client}\"\ngrant_types = [\"client_credentials\", \"refresh_token\"]\n\
         federated = [{{ issuer = \"{issuer}\", subject = \"{subject}\" }}]\n{lines}\n"
    ));
}

/// A home that trusts a cluster, and the cluster.
struct Cluster {
    home: TestHome,
    api: IssuerHost,
    key: IssuerKey,
}

impl Cluster {
    fn new() -> Self {
        let (home, api, key) = (TestHome::new(), IssuerHost::start(), IssuerKey::new());
        enable(&home);
        home.detail_errors();
        api.write_authority(&home, "cluster-ca.pem");
        api.serve("/openid/v1/jwks", &key.set(None));
        api.require("first");
        std::fs::write(home.conf("token"), "first\n").unwrap();
        home.append(&format!(
            "[[trusted_issuer]]\nissuer = \"{CLUSTER}\"\njwks_uri = \"{}\"\nca_file = \"cluster-ca.pem\"\n\
             bearer_token_file = \"token\"\nmax_lifetime = \"1h\"\nallow_reuse = true\n",
            api.url("/openid/v1/jwks")
        ));
        register(&home, "worker", CLUSTER, WORKER, "");
        Self { home, api, key }
    }

    /// The claims of a token that is mounted into a pod of this server's clients.
    fn claims(&self) -> Value {
        json!({
            "iss": CLUSTER,
            "sub": WORKER,
            "aud": [self.home.issuer()],
            "kubernetes.io": { "namespace": "orders", "serviceaccount": { "name": "worker" } },
        })
    }

    fn token_with(&self, claim: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[claim] = value;
        self.key.token(claims)
    }
}

#[track_caller]
fn refused(answer: &Answer, reason: &str) {
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.body.contains(reason), "{reason} is not in {}", answer.body);
}

#[test]
fn a_pod_gets_access_tokens_with_its_mounted_token_until_that_expires() {
    let cluster = Cluster::new();
    let home = &cluster.home;
    home.replace("allow_id_token = false", "allow_id_token = false\nallow_refresh_tokens = true");
    let server = Server::start(home);
    let token = cluster.token_with("exp", json!(now() + 300));
    for _ in 0..2 {
        let issued = server.authenticate(&token).json();
        assert!(issued["access_token"].is_string(), "{issued}");
        let lives = issued["expires_in"].as_u64().unwrap();
        assert!((200..=300).contains(&lives), "not longer than the mounted token: {issued}");
        assert!(issued["refresh_token"].is_null(), "{issued}");
    }
    assert_eq!(cluster.api.requests(), 1, "the keys are fetched once");
    let log = server.logged("client authentication");
    assert!(log.contains(CLUSTER) && log.contains(WORKER) && !log.contains("eyJ"), "{log}");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let fields = [&crate::server::credential(&token)[1..], &refresh].concat();
    let answer = server.post(&fields);
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("unauthorized_client")), "{answer:?}");
}

#[test]
fn a_token_for_another_server_subject_time_or_cluster_is_refused_for_its_reason() {
    let cluster = Cluster::new();
    let server = Server::start(&cluster.home);
    let judge = |token: &str| server.authenticate(token);
    refused(&judge(&cluster.token_with("aud", json!(["https://kubernetes.default.svc"]))), "audience-mismatch");
    let both = json!([cluster.home.issuer(), "https://kubernetes.default.svc"]);
    refused(&judge(&cluster.token_with("aud", both)), "audience-mismatch");
    refused(&judge(&cluster.token_with("sub", json!("system:serviceaccount:orders:other"))), "unknown-subject");
    refused(&judge(&cluster.token_with("iss", json!("https://other.cluster.local"))), "issuer-keys-unusable");
    let mut old = cluster.claims();
    old["iat"] = json!(now() - 600);
    old["nbf"] = json!(now() - 600);
    old["exp"] = json!(now() - 60);
    refused(&judge(&cluster.key.token(old)), "expired");
    refused(&judge(&cluster.token_with("exp", json!(now() + 3 * 3600))), "lifetime-too-long");
    refused(&judge(&IssuerKey::new().token(cluster.claims())), "no-matching-key");
    let token = cluster.token_with("jti", json!("x"));
    let (head, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    refused(&judge(&format!("{head}.{other}{}", &signature[1..])), "signature-invalid");
    server.authenticate(&cluster.key.token(cluster.claims())).token();
    let answer = server.authenticate_with(&cluster.key.token(cluster.claims()), &[("client_id", "another")]);
    refused(&answer, "client-id-mismatch");
    server.authenticate_with(&cluster.key.token(cluster.claims()), &[("client_id", "worker")]).token();
}

#[test]
fn rotated_keys_and_a_rotated_bearer_token_are_followed_and_an_outage_is_survived() {
    let mut cluster = Cluster::new();
    let server = Server::start(&cluster.home);
    let old = cluster.key.token(cluster.claims());
    server.authenticate(&old).token();
    // The cluster rotates its key, and the token with which the server may read it.
    cluster.key = IssuerKey::new();
    cluster.api.serve("/openid/v1/jwks", &cluster.key.set(None));
    cluster.api.require("second");
    std::fs::write(cluster.home.conf("token"), "second\n").unwrap();
    server.authenticate(&cluster.key.token(cluster.claims())).token();
    refused(&server.authenticate(&old), "no-matching-key");
    let token = cluster.key.token(cluster.claims());
    let Cluster { home, api, .. } = cluster;
    drop((server, api));
    let server = Server::start(&home);
    server.authenticate(&token).token();
}

#[test]
fn an_issuer_that_was_never_reached_is_no_harm_to_others() {
    let cluster = Cluster::new();
    let other = TestClient::register(&cluster.home, "other");
    let token = cluster.key.token(cluster.claims());
    let Cluster { home, api, .. } = cluster;
    drop(api);
    let server = Server::start(&home);
    for _ in 0..2 {
        refused(&server.authenticate(&token), "issuer-keys-unusable");
        server.authenticate(&other.mint()).token();
    }
    server.logged("a JWK set cannot be had");
}

#[test]
fn a_wrong_authority_or_token_leads_to_no_keys() {
    let cluster = Cluster::new();
    std::fs::write(cluster.home.conf("token"), "hunter2\n").unwrap();
    let server = Server::start(&cluster.home);
    refused(&server.authenticate(&cluster.key.token(cluster.claims())), "issuer-keys-unusable");
    let line = server.logged("a JWK set cannot be had");
    assert!(line.contains("401") && !line.contains("hunter2"), "{line}");
    drop(server);
    IssuerHost::start().write_authority(&cluster.home, "cluster-ca.pem");
    let server = Server::start(&cluster.home);
    refused(&server.authenticate(&cluster.key.token(cluster.claims())), "issuer-keys-unusable");
    let line = server.logged("a JWK set cannot be had");
    assert!(line.contains("ca_file"), "{line}");
}

/// A home that trusts an issuer which is found by its metadata, as GitHub Actions is.
fn pipelines() -> (TestHome, IssuerHost, IssuerKey) {
    let (home, host, key) = (TestHome::new(), IssuerHost::start(), IssuerKey::new());
    enable(&home);
    home.detail_errors();
    host.write_authority(&home, "issuer-ca.pem");
    host.serve("/.well-known/jwks", &key.set(Some("sig")));
    let metadata = json!({ "issuer": host.url(""), "jwks_uri": host.url("/.well-known/jwks") });
    host.serve("/.well-known/openid-configuration", &metadata);
    home.append(&format!("[[trusted_issuer]]\nissuer = \"{}\"\nca_file = \"issuer-ca.pem\"\n", host.url("")));
    (home, host, key)
}

#[test]
fn a_job_of_an_issuer_that_is_found_by_its_metadata_uses_each_token_once() {
    let (home, host, key) = pipelines();
    let subject = "repo:octo-org/orders:ref:refs/heads/main";
    register(&home, "deploy", &host.url(""), subject, "");
    let server = Server::start(&home);
    let token = |subject: &str| key.token(json!({ "iss": host.url(""), "sub": subject, "aud": home.issuer() }));
    let first = token(subject);
    server.authenticate(&first).token();
    refused(&server.authenticate(&first), "replayed");
    server.authenticate(&token(subject)).token();
    refused(&server.authenticate(&token("repo:octo-org/orders:ref:refs/heads/mai")), "unknown-subject");
    refused(&server.authenticate(&token("repo:evil/orders:ref:refs/heads/main")), "unknown-subject");
    let without = key.token(json!({ "iss": host.url(""), "sub": subject, "aud": home.issuer(), "jti": null }));
    refused(&server.authenticate(&without), "jti-missing");
    assert_eq!(host.requests(), 2, "metadata and keys");
}

#[test]
fn metadata_that_name_another_issuer_lead_to_no_keys() {
    let (home, host, key) = pipelines();
    register(&home, "deploy", &host.url(""), "job", "");
    let metadata = json!({ "issuer": "https://other.example", "jwks_uri": host.url("/.well-known/jwks") });
    host.serve("/.well-known/openid-configuration", &metadata);
    let server = Server::start(&home);
    let token = key.token(json!({ "iss": host.url(""), "sub": "job", "aud": home.issuer() }));
    refused(&server.authenticate(&token), "issuer-keys-unusable");
    let line = server.logged("a JWK set cannot be had");
    assert!(line.contains("another issuer"), "{line}");
}

#[test]
fn a_jwt_svid_of_a_trust_domain_authenticates_its_workload() {
    let (home, host, key) = (TestHome::new(), IssuerHost::start(), IssuerKey::new());
    enable(&home);
    home.detail_errors();
    host.write_authority(&home, "spire-ca.pem");
    let mut bundle = key.set(Some("jwt-svid"));
    bundle["spiffe_sequence"] = json!(1);
    bundle["keys"].as_array_mut().unwrap().push(IssuerKey::new().set(Some("x509-svid"))["keys"][0].clone());
    host.serve("/bundle", &bundle);
    home.append(&format!(
        "[[trusted_issuer]]\nissuer = \"spiffe://example.org\"\nkind = \"spiffe\"\njwks_uri = \"{}\"\nca_file = \"spire-ca.pem\"\n",
        host.url("/bundle")
    ));
    let workload = "spiffe://example.org/ns/orders/sa/worker";
    register(&home, "worker", "spiffe://example.org", workload, "token_endpoint_auth_method = \"spiffe_jwt\"");
    let server = Server::start(&home);
    let svid = |subject: &str| key.token(json!({ "sub": subject, "aud": [home.issuer()] }));
    let post = |token: &str, kind: &str| {
        server.post(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", kind),
            ("client_assertion", token),
        ])
    };
    post(&svid(workload), JWT_SPIFFE).token();
    refused(&post(&svid("spiffe://example.org/ns/orders/sa/other"), JWT_SPIFFE), "unknown-subject");
    refused(&post(&svid("spiffe://other.org/ns/orders/sa/worker"), JWT_SPIFFE), "issuer-keys-unusable");
    let disguised = key.token(json!({ "iss": "spiffe://example.org", "sub": workload, "aud": home.issuer() }));
    refused(&post(&disguised, crate::server::ASSERTION_TYPE), "issuer-kind-wrong");
    let file = home.conf("svid");
    std::fs::write(&file, svid(workload)).unwrap();
    let explained = home.dropins(&["assertion", "explain", file.to_str().unwrap(), "--json"]).succeeded().json();
    assert_eq!(
        (&explained["outcome"], &explained["plugin"]["name"]),
        (&json!("authenticated"), &json!("federated_jwt_authenticator"))
    );
}

#[test]
fn own_keys_trusted_issuers_and_secrets_are_enabled_together_and_each_claims_its_own() {
    let cluster = Cluster::new();
    let home = &cluster.home;
    let own = TestClient::register_with(
        home,
        "both",
        &format!("federated = [{{ issuer = \"{CLUSTER}\", subject = \"system:serviceaccount:orders:both\" }}]"),
    );
    let added = home.dropins(&["client", "add", "by-secret", "--auth-method", "client_secret_basic", "--json"]);
    let secret = added.succeeded().json()["client_secret"].as_str().unwrap().to_owned();
    let server = Server::start(home);
    let pod = || cluster.token_with("sub", json!("system:serviceaccount:orders:both"));
    server.authenticate(&own.mint()).token();
    server.authenticate(&pod()).token();
    let secret_fields =
        [("grant_type", "client_credentials"), ("client_id", "by-secret"), ("client_secret", secret.as_str())];
    let basic = base64_of(&format!("by-secret:{secret}"));
    let request = server.token_request(&[("grant_type", "client_credentials")]);
    server.http().send(request.header("authorization", format!("Basic {basic}"))).token();
    refused(&server.post(&secret_fields), "method-not-registered");
    // Two credentials at once are refused, whichever they are.
    let answer = server.authenticate_with(&pod(), &[("client_secret", "x")]);
    assert_eq!(answer.status, 400, "{answer:?}");
    let metadata = server.get("/.well-known/openid-configuration").json();
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap();
    for method in ["private_key_jwt", "spiffe_jwt", "client_secret_basic", "client_secret_post"] {
        assert_eq!(methods.iter().filter(|known| *known == method).count(), 1, "{methods:?}");
    }
    let status = server.admin_get("/status").json();
    assert_eq!(status["plugins"].as_array().unwrap().len(), 3, "{status}");
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn clients_of_the_database_are_known_by_subjects_and_a_subject_is_one_client() {
    let cluster = Cluster::new();
    let home = &cluster.home;
    let subject = "system:serviceaccount:billing:worker";
    let add = |id: &str, subject: &str| home.dropins(&["client", "add", id, "--federated", CLUSTER, subject]);
    add("billing", subject).succeeded();
    let server = Server::start(home);
    let token = || cluster.token_with("sub", json!(subject));
    server.authenticate(&token()).token();
    let said = add("second", subject).failed(&[]).stderr;
    assert!(said.contains("`billing` has the subject"), "{said}");
    let said = add("second", WORKER).failed(&[]).stderr;
    assert!(said.contains("`worker` of deployment.toml has the subject"), "{said}");
    let said =
        home.dropins(&["client", "add", "third", "--federated", "https://untrusted.example", "x"]).failed(&[]).stderr;
    assert!(said.contains("not a trusted issuer"), "{said}");
    let warned = add("fourth", "system:serviceaccount:billing:default").succeeded();
    assert!(warned.stderr.contains("default service account") || warned.stdout.contains("default service account"));
    let shown = home.dropins(&["client", "show", "billing", "--json"]).succeeded().json();
    assert_eq!(shown["federated"], json!([{ "issuer": CLUSTER, "subject": subject, "trusted": true }]));
    let shown = home.dropins(&["client", "show", "worker"]).succeeded().stdout;
    assert!(shown.contains(&format!("{CLUSTER} {WORKER}")), "{shown}");
    let moved = "system:serviceaccount:billing:moved";
    home.dropins(&["client", "update", "billing", "--federated", CLUSTER, moved]).succeeded();
    refused(&server.authenticate(&token()), "unknown-subject");
    server.authenticate(&cluster.token_with("sub", json!(moved))).token();
    add("second", subject).succeeded();
    home.dropins(&["client", "remove", "second"]).succeeded();
    refused(&server.authenticate(&token()), "unknown-subject");
    home.dropins(&["client", "update", "billing", "--disable"]).succeeded();
    refused(&server.authenticate(&cluster.token_with("sub", json!(moved))), "unknown-subject");
}

#[test]
fn check_and_explain_know_trusted_issuers() {
    let cluster = Cluster::new();
    let home = &cluster.home;
    register(home, "shared", CLUSTER, "system:serviceaccount:orders:default", "");
    let checked = home.dropins(&["check", "--json"]).succeeded().json();
    let warnings = checked["warnings"].to_string();
    assert!(
        warnings.contains("client `shared`: federated") && warnings.contains("default service account"),
        "{warnings}"
    );
    home.replace("order = 901\nenable = true", "order = 901\nenable = false");
    let checked = home.dropins(&["check", "--json"]).succeeded().json();
    assert!(checked["warnings"].to_string().contains("[[trusted_issuer]] has no effect"), "{checked}");
    home.replace("order = 901\nenable = false", "order = 901\nenable = true");
    let file = home.conf("pod-token");
    std::fs::write(&file, cluster.token_with("aud", json!("https://other.example"))).unwrap();
    let explained = home.dropins(&["assertion", "explain", file.to_str().unwrap(), "--json"]).failed(&[]).json();
    let failed = explained["checks"].as_array().unwrap().iter().find(|check| check["state"] == "failed").unwrap();
    assert_eq!(failed["reason"], "audience-mismatch", "{explained}");
    assert_eq!(explained["plugin"]["name"], "federated_jwt_authenticator");
    home.append(&format!("[[trusted_issuer]]\nissuer = \"{}\"\n", home.issuer()));
    let place = home.position(&format!("\"{}\"", home.issuer()));
    let said = home.dropins(&["check"]).failed(&[]).stderr;
    assert!(said.contains(&place) && said.contains("is this server"), "{place}\n{said}");
}
