//! The name of a new plug-in, in the spellings that the languages want.
//!
//! Words of lower-case letters and digits, the first beginning with a letter, joined by single hyphens or underscores.
//! Rejected are names that a compiler keeps for itself.

use std::str::FromStr;

/// The longest name.
const LONGEST: usize = 64;

/// Names that no crate may have, or that the parts of the folder have.
const RESERVED: &str = "\
    abstract alloc as async await become box break const continue core crate do dropins_plugin \
    dropins_strict_json dyn else enum extern false final fn for gen if impl in let loop macro match mod move mut \
    override priv proc_macro pub ref return self static std struct super test trait true try type typeof unsafe unsized use virtual where while yield";

/// A name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

/// Why a text is not the name of a plug-in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error("write 1 to {LONGEST} lower-case letters and digits, words joined by one hyphen or underscore")]
    Format,
    #[error("compilers keep this name for themselves; choose another one")]
    Reserved,
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins || text.len() > LONGEST || !text.split(['-', '_']).all(is_word) {
            return Err(NameError::Format);
        }
        let name = Self(text.to_owned());
        let snake = name.snake();
        if RESERVED.split(' ').any(|word| word == snake) { Err(NameError::Reserved) } else { Ok(name) }
    }
}

impl Name {
    /// As it was given.
    pub(super) fn given(&self) -> &str {
        &self.0
    }

    /// `acme_badge`
    pub(super) fn snake(&self) -> String {
        self.0.replace('-', "_")
    }

    /// `acme-badge`
    pub(super) fn kebab(&self) -> String {
        self.0.replace('_', "-")
    }

    /// `AcmeBadge`
    pub(super) fn camel(&self) -> String {
        let word = |word: &str| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            format!("{}{rest}", first.to_ascii_uppercase())
        };
        self.0.split(['-', '_']).map(word).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_words_of_lower_case_letters_and_digits() {
        for text in ["badge", "acme-badge", "acme_badge_2", "a1"] {
            assert_eq!(text.parse::<Name>().map(|name| name.0), Ok(text.to_owned()));
        }
        let long = "a".repeat(65);
        for text in
            ["", "Badge", "2badge", "-badge", "badge-", "acme--badge", "acme-_badge", "a/b", "..", "é", "a b", &long]
        {
            assert_eq!(text.parse::<Name>(), Err(NameError::Format), "{text}");
        }
        for text in ["test", "self", "dropins-plugin", "proc-macro"] {
            assert_eq!(text.parse::<Name>(), Err(NameError::Reserved), "{text}");
        }
    }

    #[test]
    fn a_name_has_the_spellings_of_the_languages() {
        let name: Name = "acme-badge_2".parse().unwrap();
        assert_eq!([name.snake(), name.kebab(), name.camel()], ["acme_badge_2", "acme-badge-2", "AcmeBadge2"]);
    }
}
