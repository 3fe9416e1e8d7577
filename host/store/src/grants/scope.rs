//! Scopes (RFC 6749 section 3.3): what is asked for is never more than what was registered or granted.

use dropins_protocol::names::OPENID;

/// The requested scopes that are registered, each once; `openid` needs no registration.
pub fn registered(requested: &str, registered: &[String]) -> Vec<String> {
    let allowed = |scope: &str| scope == OPENID || registered.iter().any(|r| r == scope);
    words(requested).into_iter().filter(|scope| allowed(scope)).map(str::to_owned).collect()
}

/// The requested part of what was granted, all of it without a request; none when more is asked for (section 6).
pub fn narrowed(requested: Option<&str>, granted: &[String]) -> Option<Vec<String>> {
    let Some(requested) = requested.filter(|text| !text.trim().is_empty()) else { return Some(granted.to_vec()) };
    let known = |scope: &str| granted.iter().find(|granted| *granted == scope).cloned();
    words(requested).into_iter().map(known).collect()
}

/// A scope as it was stored.
pub fn owned(text: &str) -> Vec<String> {
    words(text).into_iter().map(str::to_owned).collect()
}

/// The words of a scope, each once.
fn words(scope: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in scope.split(' ').filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_scopes_are_granted() {
        let known = owned("read write");
        assert_eq!(registered("read admin read", &known), ["read"]);
        assert_eq!(registered(" ", &known), [""; 0]);
    }

    #[test]
    fn openid_is_every_clients() {
        assert_eq!(registered("openid read", &[]), ["openid"]);
        assert_eq!(registered("read", &[]), [""; 0]);
    }

    #[test]
    fn a_grant_can_be_narrowed_and_never_widened() {
        let granted = owned("openid read");
        assert_eq!(narrowed(None, &granted), Some(granted.clone()));
        assert_eq!(narrowed(Some(" "), &granted), Some(granted.clone()));
        assert_eq!(narrowed(Some("read read"), &granted), Some(owned("read")));
        assert_eq!(narrowed(Some("read write"), &granted), None);
        assert_eq!(narrowed(Some("READ"), &granted), None);
    }
}
