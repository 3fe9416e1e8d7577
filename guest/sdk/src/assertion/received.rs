//! Received JSON values, for people: scalars as they are, shortened and escaped; containers by their kind.

use std::fmt;

use dropins_strict_json::Value;

use crate::shown::Shown;

/// Shows a member that may be absent.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a>(pub Option<&'a Value<'a>>);

impl fmt::Display for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("nothing"),
            Some(Value::Null) => f.write_str("null"),
            Some(Value::Bool(_)) => f.write_str("a boolean"),
            Some(Value::Number(number)) => write!(f, "the number {number}"),
            Some(Value::Text(text)) => Shown(text).fmt(f),
            Some(Value::Object(_)) => f.write_str("an object"),
            Some(Value::List(values)) => list(values, f),
        }
    }
}

/// The first four elements, one level deep.
fn list(values: &[Value<'_>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("[")?;
    for (position, value) in values.iter().take(4).enumerate() {
        let separator = if position > 0 { ", " } else { "" };
        match value {
            Value::List(_) => write!(f, "{separator}an array")?,
            other => write!(f, "{separator}{}", Received(Some(other)))?,
        }
    }
    if values.len() > 4 { write!(f, ", and {} more]", values.len() - 4) } else { f.write_str("]") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        Received(Some(&dropins_strict_json::parse(json.as_bytes()).unwrap())).to_string()
    }

    #[test]
    fn scalars_are_shown_and_containers_are_named() {
        for (json, expected) in [
            ("null", "null"),
            ("true", "a boolean"),
            ("1700000000", "the number 1700000000"),
            ("1.5", "the number 1.5"),
            (r#""a\nb""#, r#""a\nb""#),
            (r#"{"f":-1}"#, "an object"),
            (r#"["y",true]"#, r#"["y", a boolean]"#),
            (r#"[[1],1,2,3,4,5]"#, "[an array, the number 1, the number 2, the number 3, and 2 more]"),
        ] {
            assert_eq!(shown(json), expected, "{json}");
        }
        assert_eq!(Received(None).to_string(), "nothing");
    }
}
