//! `CALLBACK_URL` of WSO2 Identity Server: one URI, or `regexp=` with a pattern.
//!
//! This server compares redirect URIs as strings (RFC 9700 section 4.1.3), so a pattern can be taken over only if it is a
//! choice of plain URIs.

/// The beginning of a pattern.
const PATTERN: &str = "regexp=";

/// What of a pattern has a meaning of its own. A dot counts as a dot, because in a host name it was meant as one.
const SPECIAL: [char; 11] = ['*', '+', '?', '[', ']', '{', '}', '^', '$', '(', ')'];

/// The redirect URIs; the pattern itself if it is more than a choice of URIs.
pub(super) fn redirect_uris(callback: &str) -> Result<Vec<String>, String> {
    let Some(pattern) = callback.trim().strip_prefix(PATTERN) else {
        return Ok([callback.trim()].into_iter().filter(|uri| !uri.is_empty()).map(str::to_owned).collect());
    };
    let inner = pattern.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(pattern);
    let uris: Vec<String> =
        inner.split('|').map(|uri| uri.trim().replace("\\.", ".").replace("\\?", "\u{0}")).collect();
    if uris.iter().any(|uri| uri.contains(SPECIAL) || uri.contains('\\') || uri.is_empty()) {
        return Err(pattern.to_owned());
    }
    Ok(uris.into_iter().map(|uri| uri.replace('\u{0}', "?")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_uri_and_a_choice_of_uris_are_taken_over() {
        for (callback, uris) in [
            ("https://a.example/cb", vec!["https://a.example/cb"]),
            ("https://a.example/cb?x=(1)", vec!["https://a.example/cb?x=(1)"]),
            (
                "regexp=(https://a.example/cb|https://b.example/cb)",
                vec!["https://a.example/cb", "https://b.example/cb"],
            ),
            ("regexp=https://a\\.example/cb\\?x=1", vec!["https://a.example/cb?x=1"]),
            ("", vec![]),
        ] {
            assert_eq!(redirect_uris(callback).unwrap(), uris, "{callback}");
        }
    }

    #[test]
    fn a_pattern_is_not_guessed() {
        for pattern in
            ["https://.*", "https://a.example/(x|y)/cb", "https://a.example/[a-z]+", "https://a.example/\\d", ""]
        {
            assert_eq!(redirect_uris(&format!("regexp={pattern}")), Err(pattern.to_owned()));
        }
    }
}
