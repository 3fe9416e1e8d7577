//! Every key with its value and where that comes from, as a configuration sets it.
//!
//! Secrets, and whatever came from the environment, are masked; of keys and certificates it is said that they are there.
//! A key of an array of tables has the number of its element, counted from 1: `event_listener[1].order`.

use std::ops::Range;

use crate::language::source::{Position, Source};
use crate::schema::keys::{KEYS, Key, Kind};
use crate::schema::settings::{Given, Section, Typed};

/// What stands for a value that is not shown.
const MASKED: &str = "••••••••";
/// Characters of a value that are shown.
const SHOWN: usize = 120;

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Setting {
    /// Its path.
    pub path: String,
    /// What the schema says about it; for a property of a plug-in, about the table of properties.
    #[serde(skip)]
    pub key: &'static Key,
    /// Its value as it may be shown; `None` if it has none.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The file does not set it.
    Default,
    /// The file sets it here.
    File(Position),
    /// The file refers to something else here: `$env{NAME}`.
    Reference(Position, String),
}

/// The settings in the order of the schema; `text` is the file that they were read from.
pub(crate) fn list(root: &Section, text: &str, source: &Source) -> Vec<Setting> {
    let listing = Listing { text, source };
    let mut settings = Vec::new();
    for key in KEYS {
        let array = KEYS.iter().find(|other| {
            other.kind == Kind::Tables && key.path.strip_prefix(other.path).is_some_and(|rest| rest.starts_with('.'))
        });
        match (key.kind, array) {
            (_, Some(_)) => {}
            (Kind::Tables, None) => settings.extend(listing.elements(key, root)),
            (_, None) => settings.push(listing.setting(key, key.path.to_owned(), root.given.get(key.path))),
        }
    }
    settings
}

struct Listing<'a> {
    text: &'a str,
    source: &'a Source,
}

impl Listing<'_> {
    /// What the elements of an array set.
    fn elements(&self, array: &'static Key, root: &Section) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (number, element) in (1..).zip(root.elements(array.path)) {
            let place = |key: &Key| {
                let rest = key.path.strip_prefix(array.path).unwrap_or_default();
                format!("{}[{number}]{rest}", array.path)
            };
            let keys = KEYS.iter().filter(|key| element.given.contains_key(key.path));
            settings.extend(keys.map(|key| self.setting(key, place(key), element.given.get(key.path))));
            let properties =
                KEYS.iter().find(|key| key.kind == Kind::Properties).filter(|_| !element.properties.is_empty());
            for (key, property) in
                properties.into_iter().flat_map(|key| element.properties.iter().map(move |p| (key, p)))
            {
                let value = if property.secret { MASKED.to_owned() } else { cut(&property.values.join(" ")) };
                let path = format!("{}.{}", place(key), property.name);
                settings.push(Setting { path, key, value: Some(value), origin: self.origin(&property.span) });
            }
        }
        settings
    }

    fn setting(&self, key: &'static Key, path: String, given: Option<&Given>) -> Setting {
        // A default that refers to other keys is a value that the file did not give.
        let given = given.filter(|given| given.is_written);
        let Some(given) = given else {
            return Setting { path, key, value: key.default.map(str::to_owned), origin: Origin::Default };
        };
        let value = match (key.kind, &given.value) {
            (Kind::Secret, _) => MASKED.to_owned(),
            (Kind::Text | Kind::Words | Kind::Json, _) if given.secret => MASKED.to_owned(),
            (Kind::Json, _) => "a JSON object".to_owned(),
            (_, Typed::Text(text)) if text.contains("-----BEGIN") => "PEM text".to_owned(),
            (_, Typed::Text(text)) => cut(text),
            (_, Typed::Words(words)) => cut(&words.join(" ")),
            (_, Typed::Boolean(value)) => value.to_string(),
            (_, Typed::Integer(value)) => value.to_string(),
            (_, Typed::Address(value)) => value.to_string(),
            // As it is written, with its unit.
            (_, Typed::Duration(_) | Typed::Size(_)) => cut(self.written(&given.span)),
        };
        Setting { path, key, value: Some(value), origin: self.origin(&given.span) }
    }

    fn origin(&self, span: &Range<usize>) -> Origin {
        let (position, written) = (self.source.position(span.start), self.written(span));
        let is_one = |kind: &str| {
            let name = written.strip_prefix(kind).and_then(|rest| rest.strip_suffix('}'));
            name.is_some_and(|name| !name.contains(['{', '}', '$', '"', '\'']))
        };
        match ["$env{", "$sys{", "$ref{"].into_iter().any(is_one) {
            true => Origin::Reference(position, cut(written)),
            false => Origin::File(position),
        }
    }

    /// The text of a value without its quotes.
    fn written(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\''])
    }
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    dropins_services::printable(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::environment::Environment;
    use crate::settings;

    fn found(text: &str, path: &str) -> Setting {
        let variables = [("WORD".to_owned(), "hunter2hunter2".to_owned())];
        let environment = Environment::new(std::path::Path::new("/home"), variables, []);
        let all = settings(text, &environment).settings;
        let shown = format!("{all:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        all.into_iter().find(|setting| setting.path == path).unwrap_or_else(|| panic!("{path} in {shown}"))
    }

    #[test]
    fn a_key_has_the_value_of_the_file_or_its_default() {
        let text = "[oauth]\ntimestamp_skew = \"5m\"\n";
        let skew = found(text, "oauth.timestamp_skew");
        assert_eq!((skew.value.as_deref(), skew.origin), (Some("5m"), Origin::File(Position { line: 2, column: 18 })));
        let spelled = "[oauth.grant_type.client_credentials]\nallow_id_token = true\n";
        let value = found(spelled, "oauth.grant_type.client_credentials.allow_id_token").value;
        assert_eq!(value.as_deref(), Some("true"), "a name like that of a secret hides no boolean");
        let default = found(text, "oauth.detailed_errors");
        assert_eq!((default.value.as_deref(), default.origin), (Some("false"), Origin::Default));
        let derived = found(text, "server.base_path");
        assert_eq!(derived.origin, Origin::Default);
        assert_eq!(found(text, "logging.file").value, None);
    }

    #[test]
    fn secrets_and_what_the_environment_holds_are_masked_and_the_reference_is_shown() {
        let text = "[super_admin]\npassword = \"hunter2hunter2\"\nusername = \"$env{WORD}\"\n\
                    [transport.admin]\ntoken = \"$env{WORD}\"\n\
                    [[service_provider]]\nclient_id = \"c\"\nclient_secret = \"hunter2hunter2\"\n\
                    jwks = { keys = [{ kty = \"oct\", k = \"hunter2hunter2\" }] }\n\
                    [[event_listener]]\nname = \"x\"\n[event_listener.properties]\nWord = \"$env{WORD}\"\n";
        for path in ["super_admin.password", "super_admin.username", "transport.admin.token"] {
            assert_eq!(found(text, path).value.as_deref(), Some(MASKED), "{path}");
        }
        let reference = Origin::Reference(Position { line: 5, column: 9 }, "$env{WORD}".to_owned());
        assert_eq!(found(text, "transport.admin.token").origin, reference);
        assert_eq!(found(text, "service_provider[1].client_secret").value.as_deref(), Some(MASKED));
        assert_eq!(found(text, "service_provider[1].jwks").value.as_deref(), Some("a JSON object"));
        assert_eq!(found(text, "event_listener[1].properties.Word").value.as_deref(), Some(MASKED));
        assert_eq!(found(text, "event_listener[1].name").value.as_deref(), Some("x"));
    }

    #[test]
    fn a_file_with_mistakes_is_listed_all_the_same() {
        let text = "[oauth]\ndetailed_errors = 7\ntoken_type = \"opaque\"\n";
        assert_eq!(found(text, "oauth.token_type").value.as_deref(), Some("opaque"));
        assert_eq!(found(text, "oauth.detailed_errors").origin, Origin::Default);
    }
}
