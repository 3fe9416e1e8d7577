//! Issuers, and the pairs of clients that name them.

use super::*;
use crate::{Deployment, Environment, Problem, parse};

const KUBERNETES: &str = r#"[[trusted_issuer]]
issuer = "https://kubernetes.default.svc.cluster.local"
jwks_uri = "https://10.0.0.1/openid/v1/jwks"
ca_file = "cluster-ca.pem"
bearer_token_file = "token"
max_lifetime = "1h"
allow_reuse = true

[oauth.jwks_endpoint]
allowed_private_hosts = ["10.0.0.1"]
"#;

const WORKER: &str = r#"[[service_provider]]
client_id = "worker"
federated = [{ issuer = "https://kubernetes.default.svc.cluster.local", subject = "system:serviceaccount:orders:worker" }]
"#;

fn read(text: &str) -> Deployment {
    let (deployment, _) = parse(text, &Environment::default())
        .unwrap_or_else(|problems| panic!("{}", problems.render("deployment.toml", false)));
    deployment
}

/// The only problem of a text: `line:column code message | help`.
#[track_caller]
fn fault(text: &str) -> String {
    let problems = parse(text, &Environment::default()).unwrap_err();
    let shown = |problem: &Problem| {
        let (position, help) = (problems.position(problem), problem.help.clone().unwrap_or_default());
        format!("{position} {} {} | {help}", problem.code.as_str(), problem.message)
    };
    let all: Vec<_> = problems.iter().map(shown).collect();
    assert_eq!(all.len(), 1, "{text}\n{all:#?}");
    all.into_iter().next().unwrap()
}

#[track_caller]
fn refused(text: &str, parts: &[&str]) {
    let fault = fault(text);
    for part in parts {
        assert!(fault.contains(part), "`{part}` is not in {fault}");
    }
}

#[test]
fn the_entry_of_the_contract_is_read_with_its_client() {
    let deployment = read(&format!("{KUBERNETES}\n{WORKER}"));
    let [issuer] = deployment.trusted_issuers.as_slice() else { panic!("one issuer") };
    assert_eq!(issuer.name, "https://kubernetes.default.svc.cluster.local");
    assert_eq!(issuer.keys, IssuerKeys::Uri("https://10.0.0.1/openid/v1/jwks".to_owned()));
    assert_eq!(issuer.bearer_token_file.as_deref(), Some(std::path::Path::new("token")));
    assert_eq!((issuer.max_lifetime, issuer.allow_reuse), (Duration::from_secs(3600), true));
    let [pair] = deployment.service_providers[0].record.federated.as_slice() else { panic!("one pair") };
    assert_eq!(pair.to_string(), format!("{} system:serviceaccount:orders:worker", issuer.name));
    let files: Vec<_> = deployment.key_files(std::path::Path::new("/conf"));
    assert_eq!(files, [std::path::Path::new("/conf/cluster-ca.pem")]);
}

#[test]
fn an_issuer_without_keys_is_found_by_its_metadata_and_used_once_for_an_hour() {
    let deployment = read("[[trusted_issuer]]\nissuer = \"https://token.actions.githubusercontent.com\"\n");
    let issuer = &deployment.trusted_issuers[0];
    assert_eq!((&issuer.keys, issuer.kind, issuer.allow_reuse), (&IssuerKeys::Discovered, IssuerKind::Oidc, false));
    assert_eq!(issuer.max_lifetime, Duration::from_secs(3600));
}

#[test]
fn a_trust_domain_is_called_alike_with_and_without_its_scheme() {
    for (name, pair) in [("example.org", "spiffe://example.org"), ("spiffe://example.org", "example.org")] {
        let deployment = read(&format!(
            "[[trusted_issuer]]\nissuer = \"{name}\"\nkind = \"spiffe\"\njwks_uri = \"https://spire.example.org/bundle\"\n\
             [[service_provider]]\nclient_id = \"a\"\n\
             federated = [{{ issuer = \"{pair}\", subject = \"spiffe://example.org/orders/worker\" }}]\n"
        ));
        assert_eq!(deployment.trusted_issuers[0].name, "spiffe://example.org");
        assert_eq!(deployment.service_providers[0].record.federated[0].issuer, "spiffe://example.org");
    }
}

#[test]
fn the_keys_of_an_issuer_are_in_one_place_and_their_fetch_is_allowed() {
    let entry = |lines: &str| format!("[[trusted_issuer]]\nissuer = \"https://a.example\"\n{lines}\n");
    read(&entry("jwks = { keys = [] }"));
    read(&entry("jwks_file = \"keys.json\""));
    refused(&entry("jwks = { keys = [] }\njwks_file = \"keys.json\""), &["4:", "conflict", "exclude each other"]);
    refused(&entry("jwks = { keys = [] }\njwks_uri = \"https://a.example/\""), &["4:", "conflict", "not in both"]);
    refused(&entry("jwks = { keys = [] }\nca_file = \"ca.pem\""), &["4:", "conflict", "that are fetched"]);
    refused(&entry("jwks = { keys = [] }\nbearer_token_file = \"t\""), &["4:", "conflict", "that are fetched"]);
    refused(&entry("jwks_uri = \"http://a.example/\""), &["3:", "bad-value", "http: URL", "[oauth.jwks_endpoint]"]);
    refused(&entry("jwks_uri = \"https://10.0.0.1/\""), &["3:", "private", "allowed_private_hosts"]);
    refused("[[trusted_issuer]]\nissuer = \"kubernetes\"\n", &["2:", "metadata of the issuer cannot be read"]);
    read("[[trusted_issuer]]\nissuer = \"kubernetes\"\njwks_uri = \"https://a.example/\"\n");
    let spiffe = "[[trusted_issuer]]\nissuer = \"example.org\"\nkind = \"spiffe\"\n";
    refused(spiffe, &["missing", "URL of its bundle"]);
}

#[test]
fn names_and_lifetimes_have_bounds() {
    let issuer =
        |name: &str, lines: &str| format!("[[trusted_issuer]]\nissuer = \"{name}\"\njwks = {{ keys = [] }}\n{lines}");
    read(&issuer("https://a.example", "max_lifetime = \"24h\""));
    for lifetime in ["0s", "86401s"] {
        let text = issuer("https://a.example", &format!("max_lifetime = \"{lifetime}\""));
        refused(&text, &["4:", "bad-value", "at most 24h"]);
    }
    refused(&issuer("spiffe://example.org", ""), &["2:", "bad-value", "kind = \"spiffe\""]);
    for name in ["spiffe://example.org/path", "Example.org", "a b", ""] {
        let faults = parse(&issuer(name, "kind = \"spiffe\""), &Environment::default());
        assert!(faults.is_err(), "{name}");
    }
    refused(&issuer("https://a.example/a b", ""), &["white space"]);
    refused("[[trusted_issuer]]\nkind = \"oidc\"\n", &["1:", "missing", "has an `issuer`"]);
}

#[test]
fn an_issuer_is_trusted_once_and_is_not_this_server() {
    let issuer = "[[trusted_issuer]]\nissuer = \"https://a.example\"\n";
    refused(&format!("{issuer}{issuer}"), &["4:", "conflict", "there twice", "first defined at line 1"]);
    let own = "[[trusted_issuer]]\nissuer = \"https://localhost:9443\"\n\
               [oauth.jwks_endpoint]\nallowed_private_hosts = [\"localhost\"]\n";
    refused(own, &["2:", "conflict", "is this server"]);
    let other = "[oauth.oidc.id_token]\nissuer = \"https://localhost:9444\"\n";
    read(&format!("{own}{other}"));
}

#[test]
fn a_pair_names_a_trusted_issuer_and_belongs_to_one_client() {
    let unknown = KUBERNETES.replace("cluster.local", "cluster.lokal");
    refused(
        &format!("{unknown}{WORKER}"),
        &["13:", "bad-value", "is not a trusted issuer", "did you mean `https://kub"],
    );
    refused(WORKER, &["3:", "is not a trusted issuer", "add a [[trusted_issuer]]"]);
    let second = WORKER.replace("\"worker\"", "\"second\"");
    refused(
        &format!("{KUBERNETES}{WORKER}{second}"),
        &["16:", "conflict", "the client `worker` has this pair already"],
    );
    let other = second.replace("orders:worker", "orders:second");
    assert_eq!(read(&format!("{KUBERNETES}{WORKER}{other}")).service_providers.len(), 2);
    let half = "[[service_provider]]\nclient_id = \"a\"\nfederated = [{ subject = \"x\" }]\n";
    refused(half, &["3:", "missing", "has no `issuer`"]);
    refused(&half.replace("{ subject = \"x\" }", "\"x\""), &["3:", "wrong-type"]);
    let more = WORKER.replace(" }]", ", subjct = \"x\" }]");
    refused(&format!("{KUBERNETES}{more}"), &["13:", "unknown-key", "did you mean `subject`?"]);
}

#[test]
fn a_subject_of_a_trust_domain_is_a_spiffe_id_of_it() {
    let text = |subject: &str| {
        format!(
            "[[trusted_issuer]]\nissuer = \"example.org\"\nkind = \"spiffe\"\njwks = {{ keys = [] }}\n\
             [[service_provider]]\nclient_id = \"a\"\n\
             federated = [{{ issuer = \"example.org\", subject = \"{subject}\" }}]\n"
        )
    };
    read(&text("spiffe://example.org/ns/orders/sa/worker"));
    for other in [
        "worker",
        "spiffe://example.org",
        "spiffe://example.org/",
        "spiffe://example.org.evil/a",
        "spiffe://other.org/a",
        "spiffe://example.org/a/",
        "spiffe://example.org/a/../b",
        "spiffe://example.org/a%2fb",
        "spiffe://example.org/a?b",
    ] {
        refused(&text(other), &["7:", "cannot be a subject", "begin with spiffe://example.org/"]);
    }
}

#[test]
fn subjects_count_for_methods_with_assertions_only() {
    let client = |method: &str| {
        let method = format!("client_id = \"worker\"\ntoken_endpoint_auth_method = \"{method}\"\n");
        format!("{KUBERNETES}{}", WORKER.replace("client_id = \"worker\"\n", &method))
    };
    for method in ["private_key_jwt", "spiffe_jwt"] {
        read(&client(method));
    }
    refused(&client("tls_client_auth"), &["14:", "conflict", "private_key_jwt, spiffe_jwt"]);
    let secret = client("client_secret_basic").replace("federated", "client_secret = \"$env{HOME}\"\nfederated");
    assert!(parse(&secret, &Environment::default()).is_err());
    let public = client("none").replace("federated", "grant_types = [\"authorization_code\"]\nfederated");
    refused(&public, &["conflict", "has no credential"]);
}
