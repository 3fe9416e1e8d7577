//! The form of a client: what it shows, and the change that it asks for.
//!
//! An empty field means that the client does without the fact. Secrets are made and shown by the command line alone, so
//! the form keeps a method that needs one and offers none.

use dropins_keys::{Algorithm, registration_text};
use dropins_operations::clients::{Change, Fact};
use dropins_protocol::{ClientRecord, TokenAlgorithm, names};

use crate::posted::Posted;

/// The methods that need no secret.
const METHODS: [(&str, &str); 3] = [
    ("", "any"),
    (names::PRIVATE_KEY_JWT, names::PRIVATE_KEY_JWT),
    (names::NONE, "none: a client without a credential"),
];

/// Properties that a client may override, with their words; without words, any text.
const OVERRIDES: [(&str, &[&str]); 5] = [
    ("PreventTokenReuse", &["true", "false"]),
    ("AudienceMode", &["auto", "strict", "legacy"]),
    ("Profile", &["none", "fapi2"]),
    ("MaxLifetimeInMinutes", &[]),
    ("AllowedAlgorithms", &[]),
];

/// What is in the fields.
#[derive(Debug, Default)]
pub(super) struct ClientForm {
    pub(super) id: String,
    pub(super) name: String,
    method: String,
    signing_alg: String,
    id_token_alg: String,
    grants: Vec<String>,
    pub(super) redirect_uris: String,
    pub(super) scope: String,
    overrides: Vec<(String, String)>,
    pub(super) jwks_uri: String,
    /// The revision that the fields are of.
    pub(super) revision: u64,
}

/// A word to choose.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// A property to override.
pub(super) struct Override {
    pub(super) name: &'static str,
    pub(super) choices: Vec<Choice>,
    pub(super) value: String,
}

impl ClientForm {
    /// The form of a new client.
    pub(super) fn blank() -> Self {
        Self { grants: vec![names::CLIENT_CREDENTIALS.to_owned()], ..Self::default() }
    }

    /// The form of a client that is there.
    pub(super) fn of_record(record: &ClientRecord) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            id: record.client_id.clone(),
            name: text(&record.name),
            method: text(&record.auth_method),
            signing_alg: text(&record.signing_alg),
            id_token_alg: record.id_token_signed_response_alg.map(|alg| alg.name().to_owned()).unwrap_or_default(),
            grants: record.grant_types.clone(),
            redirect_uris: record.redirect_uris.join("\n"),
            scope: record.scopes.join(" "),
            overrides: record.overrides.iter().map(|(name, values)| (name.clone(), values.join(" "))).collect(),
            jwks_uri: text(&record.jwks_uri),
            revision: record.revision,
        }
    }

    /// The form as it was posted.
    pub(super) fn of_post(posted: &Posted) -> Self {
        let text = |name: &str| posted.text(name).to_owned();
        let overrides = OVERRIDES.iter().map(|(name, _)| ((*name).to_owned(), text(name)));
        Self {
            id: text("id"),
            name: text("name"),
            method: text("method"),
            signing_alg: text("signing_alg"),
            id_token_alg: text("id_token_alg"),
            grants: posted.all("grant"),
            redirect_uris: text("redirect_uris"),
            scope: text("scope"),
            overrides: overrides.filter(|(_, value)| !value.is_empty()).collect(),
            jwks_uri: text("jwks_uri"),
            revision: text("revision").parse().unwrap_or_default(),
        }
    }

    /// The change that the form asks for.
    ///
    /// # Errors
    /// A sentence about a field that cannot be meant.
    pub(super) fn change(&self) -> Result<Change, String> {
        let facts = [
            (Fact::Name, self.name.is_empty()),
            (Fact::AuthMethod, self.method.is_empty()),
            (Fact::SigningAlg, self.signing_alg.is_empty()),
            (Fact::IdTokenSignedResponseAlg, self.id_token_alg.is_empty()),
            (Fact::RedirectUris, self.redirect_uris.is_empty()),
            (Fact::Scope, self.scope.is_empty()),
        ];
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        if self.grants.is_empty() {
            return Err("Choose at least one grant type.".to_owned());
        }
        let of = |name: &str| self.overrides.iter().find(|(other, _)| other == name).map(|(_, value)| words(value));
        let overrides: Vec<_> = OVERRIDES.iter().map(|(name, _)| (*name, of(name).unwrap_or_default())).collect();
        for (name, values) in &overrides {
            judge(name, values)?;
        }
        Ok(Change {
            clear: facts.into_iter().filter(|(_, empty)| *empty).map(|(fact, _)| fact).collect(),
            name: given(&self.name),
            auth_method: given(&self.method),
            signing_alg: given(&self.signing_alg).map(|name| algorithm(&name)).transpose()?,
            id_token_signed_response_alg: given(&self.id_token_alg).map(|name| token_algorithm(&name)).transpose()?,
            grant_types: self.grants.clone(),
            redirect_uris: words(&self.redirect_uris),
            scopes: words(&self.scope),
            drop_overrides: overrides.iter().filter(|(_, values)| values.is_empty()).map(|(name, _)| *name).collect(),
            overrides: overrides.into_iter().filter(|(_, values)| !values.is_empty()).collect(),
            ..Change::default()
        })
    }

    pub(super) fn methods(&self) -> Vec<Choice> {
        let kept = (!METHODS.iter().any(|(value, _)| *value == self.method)).then_some((&*self.method, &*self.method));
        let choice = |(value, label): (&str, &str)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: value == self.method,
        };
        METHODS.into_iter().chain(kept).map(choice).collect()
    }

    pub(super) fn algorithms(&self) -> Vec<Choice> {
        choices("any", &Algorithm::ALL.map(Algorithm::name), &self.signing_alg)
    }

    pub(super) fn id_token_algorithms(&self) -> Vec<Choice> {
        choices("RS256, the default", &TokenAlgorithm::NAMES, &self.id_token_alg)
    }

    pub(super) fn grants(&self) -> Vec<Choice> {
        let chosen = |grant: &str| self.grants.iter().any(|other| other == grant);
        let choice = |grant: &str| Choice { value: grant.to_owned(), label: grant.to_owned(), chosen: chosen(grant) };
        names::GRANTS.iter().map(|grant| choice(grant)).collect()
    }

    pub(super) fn overrides(&self) -> Vec<Override> {
        let of = |name: &str| self.overrides.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
        let field = |(name, words): &(&'static str, &'static [&'static str])| {
            let value = of(name).unwrap_or_default();
            let choices = if words.is_empty() { Vec::new() } else { choices("as the listener says", words, &value) };
            Override { name, choices, value }
        };
        OVERRIDES.iter().map(field).collect()
    }
}

fn choices(nothing: &str, words: &[&str], chosen: &str) -> Vec<Choice> {
    let none = Choice { value: String::new(), label: nothing.to_owned(), chosen: chosen.is_empty() };
    let choice = |word: &&str| Choice { value: (*word).to_owned(), label: (*word).to_owned(), chosen: *word == chosen };
    std::iter::once(none).chain(words.iter().map(choice)).collect()
}

/// The keys that a form for a new client gives.
///
/// # Errors
/// A sentence about what is no key.
pub(super) fn with_keys(change: Change, posted: &Posted) -> Result<Change, String> {
    let jwks_uri = posted.given("jwks_uri");
    let Some(bytes) = posted.content("keys") else { return Ok(Change { jwks_uri, ..change }) };
    let text = registration_text(&bytes).map_err(|error| format!("The keys cannot be registered: {error}."))?;
    Ok(if text.trim_start().starts_with('{') {
        Change { jwks: Some(text), jwks_uri, ..change }
    } else {
        Change { certificate: Some(text), jwks_uri, ..change }
    })
}

fn judge(name: &str, values: &[String]) -> Result<(), String> {
    let words = OVERRIDES.iter().find(|(other, _)| *other == name).map_or(&[][..], |(_, words)| words);
    let fits = match name {
        _ if values.is_empty() => true,
        "MaxLifetimeInMinutes" => {
            matches!(values, [minutes] if minutes.parse().is_ok_and(|minutes: u32| (1..=366 * 24 * 60).contains(&minutes)))
        }
        "AllowedAlgorithms" => values.iter().all(|name| Algorithm::parse(name).is_some()),
        _ => matches!(values, [word] if words.contains(&word.as_str())),
    };
    if fits { Ok(()) } else { Err(format!("{name} cannot be `{}`.", values.join(" "))) }
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::parse(name).ok_or_else(|| format!("There is no algorithm `{name}`."))
}

fn token_algorithm(name: &str) -> Result<TokenAlgorithm, String> {
    TokenAlgorithm::parse(name).ok_or_else(|| format!("There is no algorithm `{name}`."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ClientRecord {
        ClientRecord {
            client_id: "c".to_owned(),
            name: Some("A".to_owned()),
            auth_method: Some("client_secret_basic".to_owned()),
            grant_types: vec!["client_credentials".to_owned()],
            scopes: vec!["a".to_owned(), "b".to_owned()],
            overrides: vec![("Profile".to_owned(), vec!["fapi2".to_owned()])],
            ..ClientRecord::default()
        }
    }

    #[test]
    fn the_form_of_a_client_asks_for_what_it_has() {
        let change = ClientForm::of_record(&record()).change().unwrap();
        assert_eq!((change.name.as_deref(), change.scopes.len()), (Some("A"), 2));
        assert_eq!(change.overrides, [("Profile", vec!["fapi2".to_owned()])]);
        assert!(change.clear.contains(&Fact::SigningAlg) && !change.clear.contains(&Fact::AuthMethod));
        assert!(!change.clear.contains(&Fact::Certificate) && !change.new_secret);
    }

    #[test]
    fn a_method_with_a_secret_is_kept_and_not_offered() {
        let kept = ClientForm::of_record(&record()).methods();
        assert!(kept.iter().any(|choice| choice.chosen && choice.value == "client_secret_basic"));
        assert!(ClientForm::blank().methods().iter().all(|choice| !choice.value.contains("secret")));
    }

    #[test]
    fn what_no_property_can_be_is_rejected() {
        for (name, value, fits) in [
            ("Profile", "fapi2", true),
            ("Profile", "other", false),
            ("MaxLifetimeInMinutes", "60", true),
            ("MaxLifetimeInMinutes", "0", false),
            ("AllowedAlgorithms", "ES256 PS256", true),
            ("AllowedAlgorithms", "none", false),
        ] {
            let overrides = vec![(name.to_owned(), value.to_owned())];
            let form = ClientForm { overrides, ..ClientForm::blank() };
            assert_eq!(form.change().is_ok(), fits, "{name} {value}");
        }
        assert!(ClientForm::default().change().is_err(), "no grant");
    }
}
