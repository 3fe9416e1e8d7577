//! What a client asks for, in words.

/// A scope as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScopeWords {
    /// What the client may then do.
    pub(super) what: &'static str,
    /// What is particular about it; for a scope of the operator's own, its name.
    pub(super) detail: String,
}

/// The scopes of a request in words; a request without any still signs the person in.
pub(super) fn in_words(scopes: &[String]) -> Vec<ScopeWords> {
    let mut words: Vec<_> = scopes.iter().map(|scope| of(scope)).collect();
    if words.is_empty() {
        words.push(of("openid"));
    }
    words
}

/// The scopes of OpenID Connect Core section 5.4 and section 11; others are the operator's.
fn of(scope: &str) -> ScopeWords {
    let (what, detail) = match scope {
        "openid" => ("Know who you are", "An identifier for your account"),
        "profile" => ("See your profile", "Your name and other basic details"),
        "email" => ("See your e-mail address", ""),
        "address" => ("See your postal address", ""),
        "phone" => ("See your phone number", ""),
        "offline_access" => ("Keep its access while you are away", "Also when you do not use it"),
        own => return ScopeWords { what: "Act for you within", detail: own.to_owned() },
    };
    ScopeWords { what, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_words_and_so_has_none() {
        let scopes = ["openid", "email", "orders.read"].map(str::to_owned);
        let words = in_words(&scopes);
        assert_eq!(
            words.iter().map(|words| words.what).collect::<Vec<_>>(),
            ["Know who you are", "See your e-mail address", "Act for you within"]
        );
        assert_eq!(words[2].detail, "orders.read");
        assert_eq!(in_words(&[]), in_words(&scopes[..1]));
    }
}
