//! Text that PostgreSQL can hold: everything but NUL, which a `jti` may contain.
//!
//! NUL is written as U+F8FF and `0`, and U+F8FF, a character without meaning, as U+F8FF and `1`. All other text is stored
//! as it is; different texts are stored differently.

use std::borrow::Cow;

const ESCAPE: char = '\u{F8FF}';

/// How the text is stored.
pub fn stored(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    // The escape first: replacing NUL adds more of them.
    Cow::Owned(text.replace(ESCAPE, "\u{F8FF}1").replace('\0', "\u{F8FF}0"))
}

/// The text that is stored like this.
pub fn original(stored: &str) -> String {
    stored.replace("\u{F8FF}0", "\0").replace("\u{F8FF}1", "\u{F8FF}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_is_stored_as_it_is() {
        for text in ["", "a", "0", "ä\u{10FFFF}", "a%00\\0"] {
            assert!(matches!(stored(text), Cow::Borrowed(same) if same == text));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_stored_without_nul_and_found_again(text in "[\\x00\u{F8FF}01a]{0,12}") {
            let stored = stored(&text);
            prop_assert!(!stored.contains('\0'));
            prop_assert_eq!(original(&stored), text);
        }
    }
}
