//! Finds the closest known word for an unknown one.
//!
//! Case, `_` and `-` do not count; beyond that, one typing mistake for every three characters is forgiven.

/// Jaro-Winkler likeness from which a long ending may differ: `property`, `properties`.
const ALIKE: f64 = 0.91;

/// The candidate that was probably meant.
pub(crate) fn nearest<'c>(given: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted = plain(given);
    let allowed = (wanted.chars().count() / 3).max(1);
    let scored = candidates.into_iter().map(|candidate| {
        let plain = plain(candidate);
        (strsim::damerau_levenshtein(&wanted, &plain), strsim::jaro_winkler(&wanted, &plain), candidate)
    });
    let near = scored.filter(|(distance, likeness, _)| *distance <= allowed || *likeness >= ALIKE);
    near.min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1))).map(|(.., candidate)| candidate)
}

/// Whether `given` is a misspelling of `known` and not a word of its own: one mistake in a short word, two in
/// a longer one.
pub(crate) fn is_near_miss(given: &str, known: &str) -> bool {
    let allowed = if known.len() <= 4 { 1 } else { 2 };
    given != known && strsim::damerau_levenshtein(given, known) <= allowed
}

/// A key without what people vary by habit.
pub(crate) fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_found_and_a_stranger_is_not() {
        let keys = ["hostname", "base_path"];
        assert_eq!(nearest("hostnam", keys), Some("hostname"));
        assert_eq!(nearest("basePath", keys), Some("base_path"));
        assert_eq!(nearest("colour", keys), None);
    }

    #[test]
    fn near_misses_depend_on_the_length() {
        assert!(is_near_miss("ordre", "order") && is_near_miss("naem", "name"));
        assert!(!is_near_miss("order", "order") && !is_near_miss("mode", "name") && !is_near_miss("Profile", "file"));
    }
}
