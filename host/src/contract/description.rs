//! A plug-in's description of itself, checked before the host relies on it.
//!
//! A description that the host could not act on is rejected at load time, not at the first request.

use crate::contract::reads::{Reads, ReadsFormat};
use dropins_services::is_unseen;

/// A mistake in the properties of a listener entry, found by the plug-in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The property.
    pub property: String,
    /// What is wrong with it, and what is allowed.
    pub message: String,
}

/// A plug-in's description of itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Description {
    /// Its name, unique among the loaded ones.
    pub name: String,
    /// Other names that a listener entry may use.
    pub aliases: Vec<String>,
    /// Its version, for people.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// The client authentication methods that it implements.
    pub methods: Vec<String>,
    /// What it reads of a request.
    pub reads: Vec<String>,
    /// The values of `client_assertion_type` that belong to it alone.
    pub assertion_types: Vec<String>,
}

/// Entries of one list of a description; the host walks these lists for every plug-in.
const MAX_ENTRIES: usize = 64;

/// Why a description is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// A name, alias, version or method is unusable.
    #[error("its {field} `{value}` is rejected: 1 to 200 visible characters without slashes are allowed")]
    Text {
        /// Which of them.
        field: &'static str,
        /// Its value, escaped.
        value: String,
    },
    /// A list is longer than any plug-in needs.
    #[error("it has {count} {field}; at most {MAX_ENTRIES} are allowed")]
    TooMany {
        /// Which of them.
        field: &'static str,
        /// How many there are.
        count: usize,
    },
    /// `reads` is malformed.
    #[error(transparent)]
    Reads(#[from] ReadsFormat),
    /// It reads nothing, so no request would ever reach it.
    #[error("it reads nothing of a request, so no request would ever reach it")]
    ReadsNothing,
}

impl Description {
    /// Whether a listener entry with this name means this plug-in.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }

    pub(crate) fn check(&self) -> Result<Reads, DescriptionError> {
        let texts = std::iter::once(("name", &self.name))
            .chain(self.aliases.iter().map(|alias| ("alias", alias)))
            .chain(std::iter::once(("version", &self.version)))
            .chain(self.methods.iter().map(|method| ("method", method)))
            .chain(self.assertion_types.iter().map(|kind| ("assertion type", kind)));
        for (field, list) in [
            ("aliases", &self.aliases),
            ("methods", &self.methods),
            ("reads", &self.reads),
            ("assertion types", &self.assertion_types),
        ] {
            bounded(field, list)?;
        }
        texts.into_iter().try_for_each(|(field, value)| usable(field, value))?;
        if self.reads.is_empty() {
            return Err(DescriptionError::ReadsNothing);
        }
        Ok(Reads::parse(&self.reads)?)
    }
}

/// Checks the signature algorithms that a plug-in names.
pub(crate) fn check_algorithms(algorithms: &[String]) -> Result<(), DescriptionError> {
    bounded("algorithms", algorithms)?;
    algorithms.iter().try_for_each(|algorithm| usable("algorithm", algorithm))
}

fn bounded(field: &'static str, list: &[String]) -> Result<(), DescriptionError> {
    let count = list.len();
    if count > MAX_ENTRIES { Err(DescriptionError::TooMany { field, count }) } else { Ok(()) }
}

fn usable(field: &'static str, value: &str) -> Result<(), DescriptionError> {
    // A name becomes part of paths.
    let usable = |c: char| !is_unseen(c) && !matches!(c, ' ' | '/' | '\\');
    if value.is_empty() || value.len() > 200 || !value.chars().all(usable) {
        return Err(DescriptionError::Text { field, value: value.escape_debug().take(200).collect() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        Description {
            name: "a".to_owned(),
            aliases: vec!["org.example.A".to_owned()],
            version: "1.0.0".to_owned(),
            summary: "Says yes.".to_owned(),
            methods: vec!["a".to_owned()],
            reads: vec!["form:a".to_owned()],
            assertion_types: vec!["urn:example:a".to_owned()],
        }
    }

    #[test]
    fn a_plug_in_answers_to_its_name_and_aliases_exactly() {
        let description = description();
        assert!(description.answers_to("a") && description.answers_to("org.example.A"));
        assert!(!description.answers_to("A") && !description.answers_to(""));
        assert!(description.check().is_ok());
    }

    #[test]
    fn unusable_descriptions_are_rejected() {
        let nameless = Description { name: String::new(), ..description() };
        let forged = Description { name: "a\nb".to_owned(), ..description() };
        let endless = Description { version: "9".repeat(201), ..description() };
        let elsewhere = Description { name: "../../conf/x".to_owned(), ..description() };
        for wrong in [nameless, forged, endless, elsewhere] {
            assert!(matches!(wrong.check(), Err(DescriptionError::Text { .. })));
        }
        let deaf = Description { reads: Vec::new(), ..description() };
        assert_eq!(deaf.check(), Err(DescriptionError::ReadsNothing));
    }

    #[test]
    fn lists_are_bounded() {
        let many = |count| vec!["a".to_owned(); count];
        assert!(Description { aliases: many(64), methods: many(64), ..description() }.check().is_ok());
        for wrong in [
            Description { aliases: many(65), ..description() },
            Description { methods: many(65), ..description() },
            Description { reads: vec!["form:a".to_owned(); 65], ..description() },
            Description { assertion_types: many(65), ..description() },
        ] {
            assert!(matches!(wrong.check(), Err(DescriptionError::TooMany { count: 65, .. })));
        }
        assert!(check_algorithms(&many(64)).is_ok() && check_algorithms(&many(65)).is_err());
        assert!(check_algorithms(&["RS256\n".to_owned()]).is_err());
    }
}
