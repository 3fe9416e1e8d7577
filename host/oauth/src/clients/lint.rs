//! What a registration must satisfy: the rules of every client, and those of its keys.
//!
//! Keys are judged by the reader that authentication uses, so that the directory never holds what `dropins check` would
//! reject in the file.

use dropins_config::{Fault, TrustedIssuer, client_faults, federated_fault, shown};
use dropins_fetch::FetchSettings;
use dropins_keys::keystore::CertificateStores;
use dropins_keys::{Algorithm, Finding, Severity};
use dropins_protocol::ClientRecord;
use dropins_services::PublicKey as _;

use super::registered::RegisteredClient;

const SIGNING_ALG: &str = "token_endpoint_auth_signing_alg";

/// What is to be said about a registration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lint {
    /// Why it is rejected.
    pub faults: Vec<Fault>,
    /// What its owner should know although it is accepted.
    pub warnings: Vec<Fault>,
}

/// Judges a registration; `jwks` says which JWKS URIs may be fetched, `now` is in seconds since the Unix epoch.
pub fn lint(
    record: &ClientRecord,
    jwks: &FetchSettings,
    issuers: &[TrustedIssuer],
    keystores: &CertificateStores,
    now: u64,
) -> Lint {
    let held = [
        ("client_secret", record.secret.is_some()),
        ("certificate", record.certificate.is_some()),
        (SIGNING_ALG, record.signing_alg.is_some()),
    ];
    let credentials: Vec<_> = held.into_iter().filter(|(_, held)| *held).map(|(field, _)| field).collect();
    let (client, findings) = RegisteredClient::of_record(record.clone(), now);
    let keys = Lint::of_keys(&client, findings, keystores, now);
    let mut faults = client_faults(record, &credentials, jwks);
    faults.extend(record.federated.iter().filter_map(|pair| federated_fault(pair, issuers)));
    faults.extend(keys.faults);
    Lint { faults, ..keys }
}

impl Lint {
    /// Judges the keys of a client, with the findings of their reader.
    pub(super) fn of_keys(
        client: &RegisteredClient,
        findings: Vec<Finding>,
        keystores: &CertificateStores,
        now: u64,
    ) -> Self {
        let mut lint = Self::default();
        for finding in findings {
            let field = if finding.source.starts_with("jwks") { "jwks" } else { "certificate" };
            let fault = Fault::new(field, finding.detail());
            match finding.severity {
                Severity::Error => lint.faults.push(fault),
                Severity::Warning => lint.warnings.push(fault),
            }
        }
        lint.faults.extend(client.registration.signing_alg.as_deref().and_then(|name| unfit(client, name)));
        for pair in client.federated.iter().filter(|pair| pair.is_default_account()) {
            let message = format!(
                "`{}` is the default service account: every pod of the namespace that names no account of its own is this \
                 client; give the workload an account of its own",
                shown(&pair.subject)
            );
            lint.warnings.push(Fault::new("federated", message));
        }
        if client.needs_keystore() {
            lint.in_keystore(&client.registration.id, keystores, now);
        }
        lint
    }

    /// What the keystore entry whose alias is the client's id is worth.
    fn in_keystore(&mut self, client_id: &str, keystores: &CertificateStores, now: u64) {
        let mut warn = |message: String| self.warnings.push(Fault::new("keystore", message));
        match keystores.lint(client_id, i64::try_from(now).unwrap_or(i64::MAX)) {
            Ok(Some(findings)) => {
                findings.iter().for_each(|finding| warn(finding.to_string().replacen("keystore:", "", 1)))
            }
            Ok(None) => warn(format!(
                "the client has no key at all: it registers none, and {}; until it registers a certificate, a JWK set or a \
                 JWKS URI, or its certificate is imported into the keystore under this alias, it cannot authenticate",
                keystores.lack()
            )),
            Err(error) => warn(format!("the client cannot authenticate: {error}")),
        }
    }
}

/// Why the registered algorithm is not one of a registered key.
fn unfit(client: &RegisteredClient, name: &str) -> Option<Fault> {
    let Some(algorithm) = Algorithm::parse(name) else {
        let known = Algorithm::ALL.map(Algorithm::name).join(", ");
        return Some(Fault::new(SIGNING_ALG, format!("`{}` is none of {known}", shown(name))));
    };
    let own = client.keys.own();
    if client.keys.jwks_uri().is_some() || own.is_empty() || own.iter().any(|key| key.fits(algorithm)) {
        return None;
    }
    let known: Vec<_> = own.iter().map(|key| key.describe().thumbprint).collect();
    Some(Fault::new(SIGNING_ALG, format!("no registered key fits {algorithm} ({})", known.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_fetch::HostList;
    use dropins_keys::{KeyFamily, SigningKey};
    use dropins_protocol::SecretHash;
    use dropins_protocol::names::{self, NONE, PRIVATE_KEY_JWT};

    fn judge(client: &ClientRecord, jwks: &FetchSettings) -> Lint {
        lint(client, jwks, &[], &CertificateStores::default(), 0)
    }

    fn client() -> ClientRecord {
        ClientRecord { client_id: "c".to_owned(), enabled: true, ..ClientRecord::default() }
    }

    fn jwks(family: KeyFamily) -> Option<String> {
        let jwk = SigningKey::generate(family).unwrap().public_jwk();
        Some(serde_json::json!({ "keys": [jwk] }).to_string())
    }

    #[test]
    fn a_complete_client_has_no_faults() {
        let client = ClientRecord {
            name: Some("A name, with ü".to_owned()),
            auth_method: Some(PRIVATE_KEY_JWT.to_owned()),
            signing_alg: Some("ES256".to_owned()),
            grant_types: names::GRANTS.map(str::to_owned).to_vec(),
            redirect_uris: vec!["https://c.example/cb?a=b".to_owned(), "com.example.app:/cb".to_owned()],
            scopes: vec!["openid".to_owned(), "api:read".to_owned()],
            jwks: jwks(KeyFamily::P256),
            jwks_uri: Some("https://c.example/jwks".to_owned()),
            ..client()
        };
        assert_eq!(judge(&client, &FetchSettings::default()), Lint::default());
    }

    #[test]
    fn every_fault_names_its_member() {
        let with = |change: &dyn Fn(&mut ClientRecord)| {
            let mut client = client();
            change(&mut client);
            judge(
                &client,
                &FetchSettings { allow_http: HostList::parse(["intern"]).unwrap(), ..FetchSettings::default() },
            )
            .faults
            .into_iter()
            .map(|fault| fault.field)
            .collect::<Vec<_>>()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(with(&|c| c.client_id = "ü".to_owned()), ["client_id"]);
        assert_eq!(with(&|c| c.client_id.clear()), ["client_id"]);
        assert_eq!(with(&|c| c.client_id = "x".repeat(256)), ["client_id"]);
        assert_eq!(with(&|c| c.client_id = "x".repeat(255)), [""; 0]);
        assert_eq!(with(&|c| c.name = text("a\nb")), ["client_name"]);
        for unseen in ['\u{202e}', '\u{61c}', '\u{200b}', '\u{2028}', '\u{ad}', '\u{e0041}'] {
            assert_eq!(with(&|c| c.name = Some(format!("a{unseen}b"))), ["client_name"], "{unseen:?}");
        }
        assert_eq!(with(&|c| c.grant_types = vec!["password".to_owned()]), ["grant_types"]);
        for uri in ["https://a/#b", "https://a.example\\@b.example/", "https://a.example@b.example/", "https://a/%2"] {
            assert_eq!(with(&|c| c.redirect_uris = vec![uri.to_owned()]), ["redirect_uris"], "{uri}");
        }
        assert_eq!(with(&|c| c.scopes = vec!["a\"b".to_owned()]), ["scope"]);
        assert_eq!(with(&|c| c.auth_method = text("client_secret_post")), ["token_endpoint_auth_method"]);
        assert_eq!(with(&|c| c.signing_alg = text("HS256")), ["token_endpoint_auth_signing_alg"]);
        for uri in [
            "https://c.example/%2",
            "https://bücher.example/",
            "http://c.example/jwks",
            "https://u@c.example/jwks",
            "https://c.example/jwks#x",
            "jwks",
            "file:///x",
        ] {
            assert_eq!(with(&|c| c.jwks_uri = text(uri)), ["jwks_uri"], "{uri}");
        }
        assert_eq!(with(&|c| c.jwks_uri = text("http://intern/jwks")), [""; 0]);
        assert_eq!(with(&|c| c.jwks = text("{\"keys\":[]}")), ["jwks"]);
        assert_eq!(with(&|c| c.certificate = text("no certificate")), ["certificate"]);
    }

    #[test]
    fn a_client_without_a_credential_has_nothing_that_looks_like_one() {
        let public = ClientRecord {
            auth_method: Some(NONE.to_owned()),
            grant_types: names::PUBLIC_GRANTS.map(str::to_owned).to_vec(),
            ..client()
        };
        assert_eq!(judge(&public, &FetchSettings::default()), Lint::default());
        let with = |change: &dyn Fn(&mut ClientRecord)| {
            let mut client = public.clone();
            change(&mut client);
            let faults = judge(&client, &FetchSettings::default()).faults;
            faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(with(&|c| c.grant_types.push("client_credentials".to_owned())), ["grant_types"]);
        assert_eq!(with(&|c| c.jwks = jwks(KeyFamily::P256)), [""; 0], "keys are for more than to authenticate");
        assert_eq!(with(&|c| c.jwks_uri = text("https://c.example/jwks")), [""; 0]);
        assert_eq!(with(&|c| c.signing_alg = text("ES256")), ["token_endpoint_auth_signing_alg"]);
        let key = SigningKey::generate(KeyFamily::P256).unwrap();
        assert_eq!(with(&|c| c.certificate = Some(key.public_key_pem().unwrap())), ["certificate"]);
        assert_eq!(with(&|c| c.secret = Some(SecretHash::of("s").unwrap())), ["client_secret"]);
    }

    #[test]
    fn an_algorithm_that_no_key_fits_is_rejected_unless_more_keys_are_published() {
        let mut client =
            ClientRecord { signing_alg: Some("RS256".to_owned()), jwks: jwks(KeyFamily::P256), ..client() };
        assert_eq!(judge(&client, &FetchSettings::default()).faults[0].field, "token_endpoint_auth_signing_alg");
        client.jwks_uri = Some("https://c.example/jwks".to_owned());
        assert_eq!(judge(&client, &FetchSettings::default()), Lint::default());
    }

    #[test]
    fn a_client_with_subjects_names_trusted_issuers_and_is_warned_about_a_default_account() {
        use dropins_protocol::FederatedSubject;
        let text = "[[trusted_issuer]]\nissuer = \"https://a.example\"\n";
        let (deployment, _) = dropins_config::parse(text, &dropins_config::Environment::default()).unwrap();
        let judge = |issuer: &str, subject: &str| {
            let pair = FederatedSubject { issuer: issuer.to_owned(), subject: subject.to_owned() };
            let client = ClientRecord { federated: vec![pair], ..client() };
            let issuers = &deployment.trusted_issuers;
            lint(&client, &FetchSettings::default(), issuers, &CertificateStores::default(), 0)
        };
        assert_eq!(judge("https://a.example", "system:serviceaccount:orders:worker"), Lint::default());
        let shared = judge("https://a.example", "system:serviceaccount:orders:default");
        assert!(
            shared.faults.is_empty() && shared.warnings[0].message.contains("default service account"),
            "{shared:?}"
        );
        assert_eq!(judge("https://b.example", "x").faults[0].field, "federated");
    }

    #[test]
    fn a_client_without_keys_is_warned_about_the_keystore() {
        let client = ClientRecord { auth_method: Some(PRIVATE_KEY_JWT.to_owned()), ..client() };
        let lint = judge(&client, &FetchSettings::default());
        assert!(lint.faults.is_empty() && lint.warnings[0].message.contains("keystore"), "{lint:?}");
    }
}
