//! Statements for batches, as text: a prepared one for each size of batch would cost a round trip of its own.
//!
//! Client ids and `jti` values are hexadecimal literals, which are bytes without a character set, and cannot contain SQL.

use std::fmt::Write;

use crate::{
    entry::{Entry, Key},
    table::TENANT,
};

/// Takes all of these pairs, or none when one is there already.
pub(super) fn insert(batch: &[&Entry]) -> String {
    let rows = batch.iter().map(|entry| {
        let Entry { key, expires_at, created_at, .. } = entry;
        format!("({}, {}, {TENANT}, {expires_at}, {created_at})", hex(&key.client_id), hex(&key.jti))
    });
    format!(
        "INSERT INTO IDN_OIDC_JTI (CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED) VALUES {}",
        list(rows, ", ")
    )
}

/// Takes these pairs, whose rows exist, are locked and have expired.
pub(super) fn replace(batch: &[&Entry]) -> String {
    let rows = insert(batch);
    format!("{rows} ON DUPLICATE KEY UPDATE EXP_TIME = VALUES(EXP_TIME), TIME_CREATED = VALUES(TIME_CREATED)")
}

/// The rows of these pairs, locked in the order of the pairs.
pub(super) fn lock<'a>(keys: impl IntoIterator<Item = &'a Key>) -> String {
    format!("{} FOR UPDATE", read(keys))
}

/// The rows of these pairs, each looked up by the primary key. For a list of conditions, the optimiser may instead walk
/// through, and lock, all rows of a client.
pub(super) fn read<'a>(keys: impl IntoIterator<Item = &'a Key>) -> String {
    let asked = keys.into_iter().map(|key| format!("SELECT {} AS C, {} AS J", hex(&key.client_id), hex(&key.jti)));
    format!(
        "SELECT kept.CLIENT_ID, kept.JWT_ID, kept.EXP_TIME FROM ({}) AS asked STRAIGHT_JOIN IDN_OIDC_JTI AS kept
         ON kept.CLIENT_ID = asked.C AND kept.JWT_ID = asked.J AND kept.TENANT_ID = {TENANT}",
        list(asked, " UNION ALL ")
    )
}

fn list(items: impl Iterator<Item = String>, separator: &str) -> String {
    items.collect::<Vec<_>>().join(separator)
}

fn hex(text: &str) -> String {
    let mut literal = String::with_capacity(2 * text.len() + 3);
    literal.push_str("x'");
    for byte in text.bytes() {
        // Writing to a string cannot fail.
        write!(literal, "{byte:02x}").ok();
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_hexadecimal_literal_whatever_it_holds() {
        let key = Key { client_id: "c'".into(), jti: "\0é".into() };
        let entry = Entry { key: key.clone(), created_at: 1, expires_at: u64::MAX, now: 2 };
        let insert = insert(&[&entry, &entry]);
        let row = "(x'6327', x'00c3a9', -1234, 18446744073709551615, 1)";
        assert!(insert.ends_with(&format!("VALUES {row}, {row}")), "{insert}");
        let lock = lock([&key]);
        assert!(lock.contains("(SELECT x'6327' AS C, x'00c3a9' AS J) AS asked"), "{lock}");
    }
}
