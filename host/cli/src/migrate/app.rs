//! One row of `IDN_OAUTH_CONSUMER_APPS`, as a client of this server.
//!
//! What has no meaning here is named, client by client. A client whose credential cannot be taken over is left out with the
//! line that registers it: without one it would only look migrated.

use std::collections::BTreeMap;

use dropins_protocol::{ClientRecord, Secret, names};

use super::callback;
use super::secret::{Kept, StoredSecret};
use super::table::Row;

/// The tenant of a server that has only one.
const SUPER_TENANT: &str = "-1234";

/// What becomes of a row.
#[derive(Debug)]
pub(super) struct App {
    /// `CONSUMER_KEY`.
    pub(super) client_id: String,
    /// The client, or why it is left out.
    pub(super) verdict: Result<Registration, String>,
    /// What is not taken over of it.
    pub(super) notes: Vec<String>,
}

/// A client to register.
#[derive(Debug)]
pub(super) struct Registration {
    /// Without its secret.
    pub(super) record: ClientRecord,
    /// To be hashed.
    pub(super) secret: Option<Secret>,
}

/// What else is known about all clients.
pub(super) struct Known<'a> {
    /// What the old server kept in place of a secret.
    pub(super) kept: Kept,
    /// Properties by client and name.
    pub(super) properties: BTreeMap<(String, String), String>,
    /// Whether a keystore has a certificate under this client id.
    pub(super) in_keystore: &'a dyn Fn(&str) -> bool,
}

impl Known<'_> {
    /// Properties by client and name, from the rows of `IDN_OIDC_PROPERTY`.
    pub(super) fn properties(rows: &[Row]) -> BTreeMap<(String, String), String> {
        let pairs = rows.iter().filter(|row| is_of_super_tenant(row)).map(|row| {
            let key = (row.get("CONSUMER_KEY").to_owned(), row.get("PROPERTY_KEY").to_owned());
            (key, row.get("PROPERTY_VALUE").to_owned())
        });
        pairs.collect()
    }

    fn property(&self, client_id: &str, name: &str) -> Option<&str> {
        let value = self.properties.get(&(client_id.to_owned(), name.to_owned()))?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }
}

fn is_of_super_tenant(row: &Row) -> bool {
    // A column of later releases, and an export that lacks it, mean the only tenant.
    matches!(row.get("TENANT_ID"), SUPER_TENANT | "")
}

impl App {
    /// Reads a row.
    pub(super) fn of(row: &Row, known: &Known<'_>) -> Self {
        let client_id = row.get("CONSUMER_KEY").to_owned();
        let mut notes = Vec::new();
        let verdict = read(&client_id, row, known, &mut notes);
        Self { client_id, verdict, notes }
    }
}

fn read(client_id: &str, row: &Row, known: &Known<'_>, notes: &mut Vec<String>) -> Result<Registration, String> {
    if !is_of_super_tenant(row) {
        return Err(format!("it belongs to the tenant {}; this server has one tenant", row.get("TENANT_ID")));
    }
    if row.get("OAUTH_VERSION").contains("1.0") {
        return Err("it speaks OAuth 1.0".to_owned());
    }
    let state = row.get("APP_STATE");
    if state.eq_ignore_ascii_case("REVOKED") {
        return Err("it was revoked".to_owned());
    }
    let is_public = known.property(client_id, "bypassClientCredentials") == Some("true");
    let method = known.property(client_id, "tokenEndpointAuthMethod");
    let method = if is_public { Some(names::NONE) } else { method };
    let (method, secret) = credential(client_id, method, row, known)?;
    let redirect_uris = callback::redirect_uris(row.get("CALLBACK_URL")).unwrap_or_else(|pattern| {
        notes.push(format!(
            "its callback is the pattern {pattern}; redirect URIs are compared as strings here: add each with `dropins client \
             update {client_id} --redirect-uri URI`"
        ));
        Vec::new()
    });
    let grant_types = grants(row.get("GRANT_TYPES"), method.as_deref(), notes)?;
    if row.get("PKCE_MANDATORY") == "1" && !is_public {
        notes.push(
            "PKCE was mandatory; here it is for clients without a credential, and checked when it is used".to_owned(),
        );
    }
    if row.get("PKCE_SUPPORT_PLAIN") == "1" {
        notes.push("the challenge method plain is not taken: S256 only".to_owned());
    }
    let name = Some(row.get("APP_NAME")).filter(|name| !name.is_empty() && name.len() <= names::MAX_NAME);
    let record = ClientRecord {
        client_id: client_id.to_owned(),
        name: name.map(str::to_owned),
        enabled: state.is_empty() || state.eq_ignore_ascii_case("ACTIVE"),
        signing_alg: known.property(client_id, "tokenEndpointAuthSigningAlg").map(str::to_owned),
        auth_method: method,
        grant_types,
        redirect_uris,
        ..ClientRecord::default()
    };
    if !record.enabled {
        notes.push(format!("its state was {state}: it is registered, and disabled"));
    }
    Ok(Registration { record, secret })
}

/// How it authenticates. Without a configured method a client may use what it has, as there.
fn credential(
    client_id: &str,
    method: Option<&str>,
    row: &Row,
    known: &Known<'_>,
) -> Result<(Option<String>, Option<Secret>), String> {
    if method == Some(names::NONE) {
        return Ok((Some(names::NONE.to_owned()), None));
    }
    let has_key = (known.in_keystore)(client_id);
    if method == Some(names::PRIVATE_KEY_JWT) {
        // Without a key in the keystore it has one in its own certificate or JWKS URI, which the row does not say.
        return if has_key { Ok((method.map(str::to_owned), None)) } else { Err(keyless(client_id)) };
    }
    let lost = match StoredSecret::read(row.get("CONSUMER_SECRET"), known.kept) {
        StoredSecret::Plain(secret) => return Ok((method.map(str::to_owned), Some(secret))),
        StoredSecret::None => "it has no secret",
        StoredSecret::Hashed => "its secret is kept as a hash and cannot be read",
        StoredSecret::Encrypted => "its secret is encrypted for the old server",
    };
    if has_key && method.is_none() {
        return Ok((Some(names::PRIVATE_KEY_JWT.to_owned()), None));
    }
    let method = method.unwrap_or("client_secret_basic");
    Err(format!(
        "{lost}, and no keystore has a certificate under its id; give it a new secret with `dropins client add {client_id} \
         --auth-method {method}`, or register its key with --certificate"
    ))
}

fn keyless(client_id: &str) -> String {
    format!(
        "it authenticates with a key, and no keystore has a certificate under its id; register it with `dropins client add \
         {client_id} --certificate FILE` or --jwks-uri URL"
    )
}

/// The grants that this server has; an error if none is left.
fn grants(given: &str, method: Option<&str>, notes: &mut Vec<String>) -> Result<Vec<String>, String> {
    let allowed: &[&str] = if method == Some(names::NONE) { &names::PUBLIC_GRANTS } else { &names::GRANTS };
    let (taken, left): (Vec<&str>, Vec<&str>) = given.split_whitespace().partition(|grant| allowed.contains(grant));
    if taken.is_empty() {
        return Err(format!("none of its grants is one of this server: {given}"));
    }
    if !left.is_empty() {
        notes.push(format!("these grants are not taken over: {}", left.join(" ")));
    }
    Ok(taken.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[(&str, &str)]) -> Row {
        let usual = [("CONSUMER_KEY", "app"), ("GRANT_TYPES", "client_credentials"), ("TENANT_ID", "-1234")];
        let columns = usual.iter().chain(columns).map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned())));
        Row::new(columns)
    }

    fn known(in_keystore: &dyn Fn(&str) -> bool) -> Known<'_> {
        Known { kept: Kept::Secrets, properties: BTreeMap::new(), in_keystore }
    }

    #[track_caller]
    fn left_out(columns: &[(&str, &str)], reason: &str) {
        let app = App::of(&row(columns), &known(&|_| false));
        let verdict = app.verdict.unwrap_err();
        assert!(verdict.contains(reason), "{verdict}");
    }

    #[test]
    fn a_client_with_a_secret_keeps_it_and_may_use_every_method_as_before() {
        let columns = [
            ("CONSUMER_SECRET", "rgfKVdnMQnJ0CYVWOK9F7_w7zAAa"),
            ("APP_NAME", "orders"),
            ("GRANT_TYPES", "authorization_code refresh_token password"),
            ("CALLBACK_URL", "regexp=(https://a.example/cb|https://b.example/cb)"),
            ("PKCE_MANDATORY", "1"),
        ];
        let app = App::of(&row(&columns), &known(&|_| true));
        let Registration { record, secret } = app.verdict.unwrap();
        assert_eq!(secret.unwrap().expose(), "rgfKVdnMQnJ0CYVWOK9F7_w7zAAa");
        assert_eq!((record.auth_method, record.enabled), (None, true));
        assert_eq!(record.grant_types, ["authorization_code", "refresh_token"]);
        assert_eq!(record.redirect_uris.len(), 2);
        assert!(app.notes[0].contains("password") && app.notes[1].contains("PKCE"), "{:?}", app.notes);
    }

    #[test]
    fn a_client_whose_certificate_is_in_the_keystore_needs_no_secret() {
        for secret in ["", r#"{"algorithm":"SHA-256","hash":"ab"}"#] {
            let app = App::of(&row(&[("CONSUMER_SECRET", secret)]), &known(&|id| id == "app"));
            assert_eq!(app.verdict.unwrap().record.auth_method.as_deref(), Some("private_key_jwt"));
        }
        left_out(&[("CONSUMER_SECRET", r#"{"algorithm":"SHA-256","hash":"ab"}"#)], "kept as a hash");
        left_out(&[("CONSUMER_SECRET", "")], "it has no secret");
    }

    #[test]
    fn properties_of_a_client_say_how_it_authenticates() {
        let with = |property: &str, value: &str| {
            let columns = [
                ("CONSUMER_KEY", "app"),
                ("PROPERTY_KEY", property),
                ("PROPERTY_VALUE", value),
                ("TENANT_ID", "-1234"),
            ];
            let row_of_property = Row::new(columns.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))));
            let known = Known { properties: Known::properties(&[row_of_property]), ..known(&|_| false) };
            App::of(&row(&[("CONSUMER_SECRET", "s"), ("GRANT_TYPES", "authorization_code client_credentials")]), &known)
                .verdict
        };
        let public = with("bypassClientCredentials", "true").unwrap();
        assert_eq!(public.record.auth_method.as_deref(), Some("none"));
        assert!(public.secret.is_none() && public.record.grant_types == ["authorization_code"]);
        let post = with("tokenEndpointAuthMethod", "client_secret_post").unwrap();
        assert_eq!(post.record.auth_method.as_deref(), Some("client_secret_post"));
        assert!(with("tokenEndpointAuthMethod", "private_key_jwt").unwrap_err().contains("--jwks-uri"));
    }

    #[test]
    fn what_this_server_does_not_have_is_left_out_by_name() {
        left_out(&[("TENANT_ID", "1")], "the tenant 1");
        left_out(&[("OAUTH_VERSION", "OAuth-1.0a")], "OAuth 1.0");
        left_out(&[("APP_STATE", "REVOKED")], "revoked");
        left_out(&[("CONSUMER_SECRET", "s"), ("GRANT_TYPES", "password implicit")], "none of its grants");
        let app = App::of(&row(&[("CONSUMER_SECRET", "s"), ("APP_STATE", "INACTIVE")]), &known(&|_| false));
        assert!(!app.verdict.unwrap().record.enabled && app.notes[0].contains("disabled"));
        let app = App::of(&row(&[("CONSUMER_SECRET", "s"), ("CALLBACK_URL", "regexp=https://.*")]), &known(&|_| false));
        assert!(app.verdict.unwrap().record.redirect_uris.is_empty() && app.notes[0].contains("https://.*"));
    }
}
