//! What a client asks for, in words.

/// A scope as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScopeWords {
    /// What the client may then do.
    pub(super) what: &'static str,
    /// What is particular about it.
    pub(super) detail: &'static str,
    /// The names of the operator's own scopes, which have the same words.
    pub(super) names: Vec<String>,
}

/// The scopes of a request in words; a request without any still signs the person in.
pub(super) fn in_words(scopes: &[String]) -> Vec<ScopeWords> {
    let mut words = Vec::new();
    let mut own = Vec::new();
    for scope in scopes {
        match of(scope) {
            Some((what, detail)) => words.push(ScopeWords { what, detail, names: Vec::new() }),
            None => own.push(scope.clone()),
        }
    }
    if !own.is_empty() {
        words.push(ScopeWords { what: "Act for you within:", detail: "", names: own });
    }
    match (words.is_empty(), of("openid")) {
        (true, Some((what, detail))) => vec![ScopeWords { what, detail, names: Vec::new() }],
        _ => words,
    }
}

/// The scopes of OpenID Connect Core section 5.4 and section 11; others are the operator's.
fn of(scope: &str) -> Option<(&'static str, &'static str)> {
    Some(match scope {
        "openid" => ("Know who you are", "An identifier for your account"),
        "profile" => ("See your profile", "Your name and other basic details"),
        "email" => ("See your e-mail address", ""),
        "address" => ("See your postal address", ""),
        "phone" => ("See your phone number", ""),
        "offline_access" => ("Keep its access while you are away", "Also when you do not use it"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_words_and_so_has_none() {
        let scopes = ["openid", "orders.read", "email", "orders.write"].map(str::to_owned);
        let words = in_words(&scopes);
        assert_eq!(
            words.iter().map(|words| words.what).collect::<Vec<_>>(),
            ["Know who you are", "See your e-mail address", "Act for you within:"]
        );
        assert_eq!(words[2].names, ["orders.read", "orders.write"]);
        assert_eq!(in_words(&[]), in_words(&scopes[..1]));
    }
}
