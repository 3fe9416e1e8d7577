//! Values of properties: booleans, numbers and words arrive as their text, quoted or not.

use std::ops::RangeInclusive;

use crate::authenticator::Problem;
use crate::request::Fields;

/// The policy of a plug-in that has no properties.
///
/// # Errors
/// A [`Problem`] for each property.
pub fn none(properties: Fields<'_, '_>) -> Result<(), Vec<Problem>> {
    let message = "is not known here; this plug-in has no properties";
    let problem = |(name, _): &(&str, &str)| Problem { property: (*name).to_owned(), message: message.to_owned() };
    if properties.is_empty() { Ok(()) } else { Err(properties.iter().map(problem).collect()) }
}

/// `true` or `false`, in any case.
pub fn boolean(value: &str) -> Option<bool> {
    one_of(value.to_ascii_lowercase().as_str(), [("true", true), ("false", false)])
}

/// The choice of this name.
pub fn one_of<T, const N: usize>(value: &str, choices: [(&str, T); N]) -> Option<T> {
    choices.into_iter().find(|(name, _)| *name == value).map(|(_, choice)| choice)
}

/// A whole number in range.
pub fn number(value: &str, range: RangeInclusive<u64>) -> Option<u64> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|number| digits && range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_within_their_range() {
        assert_eq!((number("0", 0..=9), number("9", 0..=9), number("09", 0..=9)), (Some(0), Some(9), Some(9)));
        for value in ["10", "-1", "+1", "1.0", "", " 1", "x"] {
            assert_eq!(number(value, 0..=9), None, "{value}");
        }
    }

    #[test]
    fn booleans_have_two_names_in_any_case() {
        assert_eq!((boolean("True"), boolean("FALSE"), boolean("yes")), (Some(true), Some(false), None));
    }
}
