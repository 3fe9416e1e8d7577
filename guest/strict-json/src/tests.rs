//! What is read, what is rejected, and with which flaw.

use proptest::prelude::*;

use super::*;

fn object(text: &str) -> Result<Object<'_>, Flaw> {
    Object::parse(text.as_bytes()).map_err(|error| error.flaw())
}

#[test]
fn members_keep_their_types() {
    let object = object(r#" {"a":"x","b":1.5,"c":null,"d":["y",true],"e":{"f":-1},"\u0067":"\u00e9"} "#).unwrap();
    assert_eq!(object.get("a").and_then(Value::text), Some("x"));
    assert_eq!(object.get("b").and_then(Value::number), Some(1.5));
    assert_eq!(object.get("c"), Some(&Value::Null));
    assert_eq!(object.get("d"), Some(&Value::List(vec![Value::Text("y".into()), Value::Bool(true)])));
    assert!(
        matches!(object.get("e"), Some(Value::Object(inner)) if inner.get("f").and_then(Value::number) == Some(-1.0))
    );
    assert_eq!(object.get("g").and_then(Value::text), Some("é"));
    assert_eq!(object.get("h"), None);
}

#[test]
fn a_member_that_is_taken_is_gone() {
    let mut object = object(r#"{"b":1,"a":2}"#).unwrap();
    assert_eq!(object.take("a").as_ref().and_then(Value::number), Some(2.0));
    assert_eq!(object.take("a"), None);
    assert_eq!(object.get("b").and_then(Value::number), Some(1.0));
}

#[test]
fn json_is_read_as_any_reader_reads_it() {
    for text in [r#"{"a":[1,-2,3.5,"\u00e9",null,true],"b":{"a":{}}}"#, "[]", "1e3", " \"x\" ", "18446744073709551615"]
    {
        let expected: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse_json(text.as_bytes()).unwrap(), expected);
    }
}

#[test]
fn a_duplicate_is_rejected_at_every_level_after_unescaping_and_named() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"\u0061":1}"#,
        r#"{"x":{"a":1,"a":2}}"#,
        r#"{"x":[{"b":{"a":1,"\u0061":2}}]}"#,
        r#"[{"x":{"a":1,"a":2}}]"#,
    ] {
        let error = parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.flaw(), Flaw::Duplicate, "{text}");
        assert_eq!(error.to_string(), r#"the member "a" occurs twice in one object"#);
    }
    assert!(object(r#"{"a":{"a":1},"b":{"a":1},"A":1}"#).is_ok());
}

#[test]
fn a_foreign_name_in_an_error_is_cut() {
    let long = "x".repeat(1000);
    let error = parse_json(format!(r#"{{"{long}":1,"{long}":2}}"#).as_bytes()).unwrap_err();
    assert!(error.to_string().len() < 120, "{error}");
}

#[test]
fn sixteen_levels_are_accepted_and_seventeen_are_not() {
    let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let arrays = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert!(object(&nested(16)).is_ok() && object(&arrays(16)).is_ok());
    assert_eq!(object(&nested(17)), Err(Flaw::TooDeep));
    assert_eq!(object(&arrays(17)), Err(Flaw::TooDeep));
    assert_eq!(object(&arrays(5000)), Err(Flaw::TooDeep));
    assert_eq!(parse("[{\"a\":".repeat(100_000).as_bytes()).unwrap_err().flaw(), Flaw::TooDeep);
    assert!(parse(format!("{}{}", "[".repeat(16), "]".repeat(16)).as_bytes()).is_ok());
    assert!(parse(format!("{}{}", "[".repeat(17), "]".repeat(17)).as_bytes()).is_err());
}

#[test]
fn anything_but_one_object_is_malformed() {
    for text in [
        "",
        " ",
        "null",
        "1",
        "\"a\"",
        "[]",
        "{",
        "{}x",
        "{} {}",
        "{}{}",
        "{},",
        "{}\0",
        "{'a':1}",
        "{a:1}",
        r#"{"a":1,}"#,
        r#"{"a":01}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":\"\n\"}",
        "\u{feff}{}",
        r#"{"a":NaN}"#,
        r#"{"a":1e999}"#,
        r#"{"a":1,"a":2"#,
    ] {
        assert_eq!(object(text), Err(Flaw::Malformed), "{text:?}");
    }
    for bytes in [&b"\xff"[..], b"{\"a\":\"\xff\"}", b"{\"\xff\":1}", b"{}\xff"] {
        assert_eq!(Object::parse(bytes).unwrap_err().flaw(), Flaw::Malformed, "{bytes:?}");
    }
    assert!(object("{}\n").is_ok(), "white space around the object is part of the JSON text (RFC 8259 section 2)");
}

#[test]
fn depth_is_reported_before_syntax_and_syntax_before_a_duplicate() {
    let deep = "[".repeat(17);
    assert_eq!(object(&format!(r#"{{"a":1,"a":1,"b":{deep}"#)), Err(Flaw::TooDeep));
    assert_eq!(object(r#"{"a":1,"a":1}}"#), Err(Flaw::Malformed));
}

#[test]
fn an_error_of_syntax_says_where() {
    let error = parse_json(b"{\n\"a\": }").unwrap_err();
    assert!(error.to_string().contains("line 2 column 6"), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn text_members_survive_a_round_trip(members in prop::collection::btree_map(".{0,12}", ".{0,24}", 0..12)) {
        let text = serde_json::to_string(&members).unwrap();
        let object = object(&text).unwrap();
        for (name, value) in &members {
            prop_assert_eq!(object.get(name).and_then(Value::text), Some(value.as_str()));
        }
    }
}
