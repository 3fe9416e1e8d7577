//! A form body with some parameters taken out and others put in; every other byte stays as it is.
//!
//! Names are compared after decoding, so no spelling of a parameter escapes. The body was read strictly before: names are
//! not repeated, encodings are valid.

use dropins_protocol::form_decode;

/// A parameter that is put in.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Its name, plain ASCII.
    pub name: &'static str,
    /// Its value.
    pub value: &'a str,
    /// Whether it is put in where the body does not have it.
    pub wanted: bool,
}

/// The body without the parameters of these names and with these fields: in their place, else at the end.
pub fn rewrite(body: &[u8], remove: &[&str], fields: &[Field<'_>]) -> Vec<u8> {
    let mut left: Vec<&Field<'_>> = fields.iter().collect();
    let mut pairs: Vec<Vec<u8>> = Vec::new();
    for pair in body.split(|byte| *byte == b'&') {
        let (name, value) = split(pair);
        let name = form_decode(name).unwrap_or_default();
        if let Some(at) = left.iter().position(|field| field.name == name) {
            let field = left.swap_remove(at);
            let unchanged = form_decode(value).is_ok_and(|value| value == field.value);
            pairs.push(if unchanged { pair.to_vec() } else { encoded(field) });
        } else if !remove.contains(&name.as_str()) && !fields.iter().any(|field| field.name == name) {
            pairs.push(pair.to_vec());
        }
    }
    // Not a pair, but the place for the first one.
    pairs.retain({
        let lonely = pairs.len() == 1;
        move |pair| !(lonely && pair.is_empty())
    });
    let further = fields.iter().filter(|field| field.wanted && left.iter().any(|other| other.name == field.name));
    pairs.extend(further.map(encoded));
    pairs.join(&b'&')
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
        None => (pair, &[]),
    }
}

fn encoded(field: &Field<'_>) -> Vec<u8> {
    let mut encoder = form_urlencoded::Serializer::new(String::new());
    encoder.append_pair(field.name, field.value);
    encoder.finish().into_bytes()
}

#[cfg(test)]
mod tests {
    use dropins_protocol::Form;
    use proptest::prelude::*;

    use super::*;

    const REMOVE: [&str; 3] = ["client_assertion", "client_assertion_type", "client_secret"];

    fn rewritten(body: &str, fields: &[Field<'_>]) -> String {
        String::from_utf8(rewrite(body.as_bytes(), &REMOVE, fields)).unwrap()
    }

    fn id(value: &str, wanted: bool) -> Field<'_> {
        Field { name: "client_id", value, wanted }
    }

    #[test]
    fn the_assertion_is_taken_out_and_every_other_byte_stays() {
        let body =
            "grant_type=client_credentials&client_assertion=a.b.c&scope=a+b%20c%2f&&x&client_assertion_type=urn%3ax&y=";
        assert_eq!(rewritten(body, &[]), "grant_type=client_credentials&scope=a+b%20c%2f&&x&y=");
    }

    #[test]
    fn no_spelling_of_a_name_escapes() {
        for name in ["client_assertion", "client%5Fassertion", "client%5fassertion", "%63lient_assertion"] {
            assert_eq!(rewritten(&format!("a=1&{name}=x&b=2"), &[]), "a=1&b=2", "{name}");
        }
        assert_eq!(rewritten("client%5fid=mine&a=1", &[id("theirs", false)]), "client_id=theirs&a=1");
        assert_eq!(rewritten("client_assertion", &[]), "");
    }

    #[test]
    fn an_id_is_replaced_in_its_place_or_put_at_the_end_where_it_is_wanted() {
        assert_eq!(rewritten("a=1&client_id=mine&b=2", &[id("the irs&", true)]), "a=1&client_id=the+irs%26&b=2");
        assert_eq!(rewritten("a=1", &[id("theirs", true)]), "a=1&client_id=theirs");
        assert_eq!(rewritten("a=1", &[id("theirs", false)]), "a=1");
        assert_eq!(rewritten("", &[id("theirs", true)]), "client_id=theirs");
        assert_eq!(rewritten("client_id=&a=1", &[id("theirs", true)]), "client_id=theirs&a=1");
        assert_eq!(rewritten("client%5Fid=s%61me", &[id("same", true)]), "client%5Fid=s%61me", "it is right already");
    }

    #[test]
    fn a_secret_of_the_client_is_replaced_by_that_of_the_upstream() {
        let secret = Field { name: "client_secret", value: "theirs", wanted: true };
        assert_eq!(rewritten("client_secret=mine&a=1", &[secret]), "client_secret=theirs&a=1");
        assert_eq!(rewritten("client_secret=mine&a=1", &[]), "a=1");
    }

    proptest! {
        #[test]
        fn a_body_means_the_same_but_for_the_credential(
            fields in prop::collection::btree_map("[a-z_ %é]{1,8}", ".{0,12}", 0..8),
            assertion in "[a-zA-Z0-9._-]{0,20}",
            place in 0..9_usize,
        ) {
            let mut pairs: Vec<(String, String)> = fields.into_iter().collect();
            let place = place.min(pairs.len());
            pairs.insert(place, ("client_assertion".to_owned(), assertion));
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let after = rewrite(body.as_bytes(), &REMOVE, &[id("x", true)]);
            pairs.remove(place);
            pairs.push(("client_id".to_owned(), "x".to_owned()));
            let form = Form::parse(&after).unwrap();
            prop_assert_eq!(form.fields().to_vec(), pairs);
        }

        #[test]
        fn no_body_panics_and_none_that_can_be_read_keeps_an_assertion(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let after = rewrite(&body, &REMOVE, &[id("x", true)]);
            if let (Ok(_), Ok(form)) = (Form::parse(&body), Form::parse(&after)) {
                prop_assert!(REMOVE.iter().all(|name| form.fields().iter().all(|(other, _)| other != name)));
                prop_assert_eq!(form.get("client_id"), Some("x"));
            }
        }
    }
}
