//! Advice for an unknown key: the closest known one, or the section that it belongs to.

use crate::language::spelling::nearest;
use crate::schema::keys;

/// Advice for an unknown key in this section (empty: the root).
pub(crate) fn for_unknown_key(section: &str, key: &str) -> String {
    if let Some(near) = nearest(key, keys::children(section)) {
        return format!("did you mean `{near}`?");
    }
    let elsewhere: Vec<String> = keys::sections_of(key).map(keys::header).collect();
    if !elsewhere.is_empty() {
        return format!("`{key}` belongs to {}", elsewhere.join(" or "));
    }
    let known: Vec<&str> = keys::children(section).collect();
    let place = if section.is_empty() { "the file".to_owned() } else { keys::header(section) };
    format!("{place} may hold: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_of_a_section_is_found_and_a_stranger_is_not() {
        assert_eq!(nearest("property", keys::children("event_listener")), Some("properties"));
        assert_eq!(nearest("settings", keys::children("service_provider")), None);
    }

    #[test]
    fn a_right_key_in_the_wrong_section_is_told_where_it_belongs() {
        let help = for_unknown_key("server", "detailed_errors");
        assert_eq!(help, "`detailed_errors` belongs to [oauth]");
        assert!(for_unknown_key("server", "xyzzy").starts_with("[server] may hold: hostname, base_path"));
        assert_eq!(for_unknown_key("", "event_listner"), "did you mean `event_listener`?");
    }
}
