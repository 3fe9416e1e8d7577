//! The metadata of an issuer, as far as its keys need them (OpenID Connect Discovery section 3).
//!
//! They count only if they name the issuer byte for byte (section 4.3), so that no other server's document leads to the
//! keys; the URL of the set is held to the rules of every JWKS URI.

use serde_json::Value;

use super::jwks_url::JwksUrl;
use super::settings::FetchSettings;

/// The URL of the set that the metadata name.
///
/// # Errors
/// Why the text is not the metadata of this issuer.
pub(crate) fn jwks_url(metadata: &[u8], issuer: &str, settings: &FetchSettings) -> Result<JwksUrl, String> {
    let document = dropins_strict_json::parse_json(metadata).map_err(|error| format!("they are not JSON: {error}"))?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    match text("issuer") {
        Some(named) if named == issuer => {}
        Some(_) => return Err("they are those of another issuer".to_owned()),
        None => return Err("they name no issuer".to_owned()),
    }
    let uri = text("jwks_uri").ok_or("they name no jwks_uri")?;
    JwksUrl::parse(uri, settings).map_err(|error| format!("their jwks_uri cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ISSUER: &str = "https://issuer.example";

    fn found(metadata: &str) -> Result<String, String> {
        let url = jwks_url(metadata.as_bytes(), ISSUER, &FetchSettings::default());
        url.map(|url| url.as_str().to_owned())
    }

    #[test]
    fn metadata_of_the_issuer_lead_to_its_keys() {
        let good = r#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/set","x":[{}]}"#;
        assert_eq!(found(good), Ok("https://keys.example/set".to_owned()));
    }

    #[test]
    fn metadata_of_another_issuer_or_with_a_url_that_is_never_fetched_do_not() {
        for (metadata, expected) in [
            ("<html>", "not JSON"),
            ("[]", "no issuer"),
            (r#"{"jwks_uri":"https://keys.example/"}"#, "no issuer"),
            (r#"{"issuer":"https://issuer.example/","jwks_uri":"https://keys.example/"}"#, "another issuer"),
            (r#"{"issuer":"https://issuer.example"}"#, "no jwks_uri"),
            (r#"{"issuer":"https://issuer.example","jwks_uri":5}"#, "no jwks_uri"),
            (r#"{"issuer":"https://issuer.example","jwks_uri":"http://keys.example/"}"#, "http: URL"),
            (r#"{"issuer":"https://issuer.example","jwks_uri":"https://127.0.0.1/"}"#, "private"),
            (r#"{"issuer":"x","issuer":"https://issuer.example","jwks_uri":"https://keys.example/"}"#, "not JSON"),
        ] {
            let error = found(metadata).unwrap_err();
            assert!(error.contains(expected), "{metadata}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(metadata in "\\PC{0,80}") {
            let _ = found(&metadata);
        }
    }
}
