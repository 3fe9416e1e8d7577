//! The key of a pair: `dropins:jti:`, the length of the client id in bytes, a colon, the client id, and the `jti`.
//!
//! The length makes it unambiguous: no two pairs share a key, whatever characters they contain.

use crate::entry::Key;

/// What every key of a pair begins with.
pub(super) const PREFIX: &str = "dropins:jti:";

pub(super) fn of(key: &Key) -> String {
    let Key { client_id, jti } = key;
    format!("{PREFIX}{}:{client_id}{jti}", client_id.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(client_id: &str, jti: &str) -> Key {
        Key { client_id: client_id.into(), jti: jti.into() }
    }

    #[test]
    fn a_key_is_readable() {
        assert_eq!(of(&key("app", "jti-1")), "dropins:jti:3:appjti-1");
    }

    proptest! {
        #[test]
        fn different_pairs_have_different_keys(a in "[01:]{0,4}", b in "[01:]{0,4}", c in "[01:]{0,4}", d in "[01:]{0,4}") {
            prop_assert_eq!(of(&key(&a, &b)) == of(&key(&c, &d)), (a, b) == (c, d));
        }
    }
}
