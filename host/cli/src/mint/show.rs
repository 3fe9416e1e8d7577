//! `dropins assertion mint --show LANG`: the program that a client would send the minted request with.
//!
//! Each is a whole program of the language's usual library, filled with this client, key and server. curl cannot sign: its
//! line carries the minted assertion. What a library cannot do is an error, not a program that fails.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use dropins_keys::Algorithm;
use serde_json::{Value, json};

/// The languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    Curl,
    Node,
    Python,
    Go,
    Java,
    Csharp,
}

/// What a program is filled with.
pub(super) struct Example<'a> {
    pub(super) client_id: &'a str,
    pub(super) token_endpoint: &'a str,
    pub(super) audience: &'a str,
    pub(super) key: &'a Path,
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<&'a str>,
    pub(super) typ: &'a str,
    /// Seconds.
    pub(super) lifetime: u64,
    /// The certificate that clients have to trust, unless a public authority has signed it.
    pub(super) authority: Option<PathBuf>,
    /// The minted assertion.
    pub(super) assertion: &'a str,
}

/// Why there is no program.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the library of {language} that the program would use cannot sign with {algorithm}; choose another --algorithm or language"
)]
pub(super) struct NoProgram {
    language: &'static str,
    algorithm: &'static str,
}

impl Example<'_> {
    /// The program.
    ///
    /// # Errors
    /// [`NoProgram`] if the library lacks the algorithm.
    pub(super) fn program(&self, language: Language) -> Result<String, NoProgram> {
        match language {
            Language::Curl => Ok(self.curl()),
            Language::Node => Ok(self.node()),
            Language::Python => self.python(),
            Language::Go => self.go(),
            Language::Java => self.java(),
            Language::Csharp => self.csharp(),
        }
    }

    fn curl(&self) -> String {
        let trust = self.authority.as_ref().map(|file| format!("--cacert {} ", shell(&file.to_string_lossy())));
        let values = [
            ("client", shell(self.client_id)),
            ("key", shell(&self.key.to_string_lossy())),
            ("audience", shell(self.audience)),
            ("cacert", trust.unwrap_or_default()),
            ("token_endpoint", shell(self.token_endpoint)),
            ("assertion", shell(self.assertion)),
        ];
        fill(include_str!("client.sh"), &values)
    }

    fn node(&self) -> String {
        let run =
            |file: &PathBuf| format!("\n// NODE_EXTRA_CA_CERTS={} node client.mjs", shell(&file.to_string_lossy()));
        let run = self.authority.as_ref().map(run).unwrap_or_default();
        fill(
            include_str!("client.mjs"),
            &[&self.common()[..], &[("run", run), ("header", self.header().to_string())]].concat(),
        )
    }

    fn python(&self) -> Result<String, NoProgram> {
        self.known("Python", &["Ed25519"])?;
        let authority =
            self.authority.as_ref().map_or_else(|| "True".to_owned(), |file| quoted(&file.to_string_lossy()));
        let values = [("authority", authority), ("header", self.header().to_string())];
        Ok(fill(include_str!("client.py"), &[&self.common()[..], &values].concat()))
    }

    fn go(&self) -> Result<String, NoProgram> {
        self.known("Go", &["Ed25519"])?;
        let run = |file: &PathBuf| format!("\n// SSL_CERT_FILE={} go run .", shell(&file.to_string_lossy()));
        let run = self.authority.as_ref().map(run).unwrap_or_default();
        let kid = self.kid.map(|kid| format!("\n\ttoken.Header[\"kid\"] = {}", quoted(kid))).unwrap_or_default();
        Ok(fill(include_str!("client.go"), &[&self.common()[..], &[("run", run), ("kid", kid)]].concat()))
    }

    fn java(&self) -> Result<String, NoProgram> {
        self.known("Java", &[])?;
        let name = self.algorithm.name();
        let bits = name.get(2..).unwrap_or_default();
        let (factory, signature) = match name.get(..2) {
            Some("RS") => ("RSA", format!("SHA{bits}withRSA")),
            Some("PS") => ("RSA", "RSASSA-PSS".to_owned()),
            Some("ES") => ("EC", format!("SHA{bits}withECDSAinP1363Format")),
            _ => ("Ed25519", "Ed25519".to_owned()),
        };
        let parameters = if signature == "RSASSA-PSS" {
            let salt = bits.parse::<u32>().unwrap_or_default() / 8;
            format!(
                "\n        signature.setParameter(new PSSParameterSpec(\"SHA-{bits}\", \"MGF1\", \
                 MGF1ParameterSpec.SHA{bits}, {salt}, 1));"
            )
        } else {
            String::new()
        };
        let claims = json!({ "iss": self.client_id, "sub": self.client_id, "aud": self.audience }).to_string();
        // For String.format, in which a percent sign begins a place.
        let claims =
            claims.replace('%', "%%").trim_end_matches('}').to_owned() + ",\"iat\":%d,\"exp\":%d,\"jti\":\"%s\"}";
        let authority =
            self.authority.as_ref().map_or_else(|| "null".to_owned(), |file| quoted(&file.to_string_lossy()));
        let values = [
            ("key_factory", quoted(factory)),
            ("signature", quoted(&signature)),
            ("parameters", parameters),
            ("header", quoted(&self.header().to_string())),
            ("claims", quoted(&claims)),
            ("authority", authority),
        ];
        Ok(fill(include_str!("Client.java"), &[&self.common()[..], &values].concat()))
    }

    fn csharp(&self) -> Result<String, NoProgram> {
        self.known("C#", &["EdDSA", "Ed25519"])?;
        let (class, security_key) = if self.algorithm.name().starts_with("ES") {
            ("ECDsa", "ECDsaSecurityKey")
        } else {
            ("RSA", "RsaSecurityKey")
        };
        let run = |file: &PathBuf| format!("\n// SSL_CERT_FILE={} dotnet run", shell(&file.to_string_lossy()));
        let values = [
            ("run", self.authority.as_ref().map(run).unwrap_or_default()),
            ("key_class", class.to_owned()),
            ("security_key", security_key.to_owned()),
            ("kid", self.kid.map(|kid| format!(" {{ KeyId = {} }}", quoted(kid))).unwrap_or_default()),
        ];
        Ok(fill(include_str!("Client.cs"), &[&self.common()[..], &values].concat()))
    }

    fn common(&self) -> [(&'static str, String); 6] {
        [
            ("client", quoted(self.client_id)),
            ("token_endpoint", quoted(self.token_endpoint)),
            ("audience", quoted(self.audience)),
            ("key", quoted(&self.key.to_string_lossy())),
            ("alg", quoted(self.algorithm.name())),
            ("lifetime", self.lifetime.to_string()),
        ]
    }

    fn header(&self) -> Value {
        match self.kid {
            Some(kid) => json!({ "alg": self.algorithm.name(), "typ": self.typ, "kid": kid }),
            None => json!({ "alg": self.algorithm.name(), "typ": self.typ }),
        }
    }

    /// RSA, elliptic curves and Ed25519 are everywhere, except for these names.
    fn known(&self, language: &'static str, lacks: &[&str]) -> Result<(), NoProgram> {
        let algorithm = self.algorithm.name();
        let usual = ["RS", "PS", "ES", "Ed"].iter().any(|family| algorithm.starts_with(family));
        if usual && !lacks.contains(&algorithm) { Ok(()) } else { Err(NoProgram { language, algorithm }) }
    }
}

/// A string literal of JavaScript, Python, Go, Java and C#: what JSON escapes, they escape alike.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A word of the shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// One pass: what is filled in is not looked at again.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, open)| Some((before, open.split_once("}}")?)))
    {
        filled.push_str(before);
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(algorithm: Algorithm) -> Example<'static> {
        Example {
            client_id: "it's \"mine\" %d {{key}}",
            token_endpoint: "https://localhost:9443/oauth2/token",
            audience: "https://localhost:9443",
            key: Path::new("/keys/app's.pem"),
            algorithm,
            kid: Some("k1"),
            typ: "JWT",
            lifetime: 300,
            authority: Some("/tls.pem".into()),
            assertion: "a.b.c",
        }
    }

    #[test]
    fn every_place_of_every_program_is_filled_and_text_of_the_client_stays_text() {
        for language in Language::value_variants() {
            let program = example(Algorithm::Es256).program(*language).unwrap();
            let own = program.matches("{{key}}").count();
            assert_eq!((program.matches("{{").count(), own > 0), (own, true), "{language:?}\n{program}");
            assert!(program.contains("https://localhost:9443/oauth2/token") && program.contains("app"), "{program}");
        }
        let shell = example(Algorithm::Es256).program(Language::Curl).unwrap();
        assert!(shell.contains(r#"'it'\''s "mine" %d {{key}}'"#), "{shell}");
        let java = example(Algorithm::Ps256).program(Language::Java).unwrap();
        assert!(java.contains("%%d") && java.contains("MGF1ParameterSpec.SHA256, 32, 1"), "{java}");
    }

    #[test]
    fn what_a_library_cannot_do_is_an_error() {
        for (language, algorithm) in [
            (Language::Csharp, Algorithm::EdDsa),
            (Language::Python, Algorithm::Ed25519),
            (Language::Go, Algorithm::Ed25519),
        ] {
            assert!(example(algorithm).program(language).is_err(), "{language:?}");
        }
        assert!(example(Algorithm::Ed25519).program(Language::Node).is_ok());
    }
}
