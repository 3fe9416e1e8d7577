//! `[keystore.primary]`, `[keystore.tls]` and `[truststore]`: files under `repository/resources/security`.

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use dropins_protocol::Secret;

/// A keystore file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keystore {
    /// File name under `repository/resources/security`.
    pub file_name: String,
    /// `JKS` or `PKCS12`; taken from the file when absent.
    pub kind: Option<String>,
    /// Password of the store.
    pub password: Secret,
    /// Alias of the server's own key.
    pub alias: Option<String>,
    /// Password of that key; the store's when absent.
    pub key_password: Option<Secret>,
}

/// The keystores.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keystores {
    /// `[keystore.primary]`: client certificates, and the token-signing key.
    pub primary: Option<Keystore>,
    /// `[keystore.tls]`.
    pub tls: Option<Keystore>,
    /// `[truststore]`: client certificates, and further roots.
    pub trust: Option<Keystore>,
}

/// Schema paths of one keystore.
struct Paths {
    section: &'static str,
    file_name: &'static str,
    kind: &'static str,
    password: &'static str,
    own_key: Option<(&'static str, &'static str)>,
}

const PRIMARY: Paths = Paths {
    section: "keystore.primary",
    file_name: "keystore.primary.file_name",
    kind: "keystore.primary.type",
    password: "keystore.primary.password",
    own_key: Some(("keystore.primary.alias", "keystore.primary.key_password")),
};

const TLS: Paths = Paths {
    section: "keystore.tls",
    file_name: "keystore.tls.file_name",
    kind: "keystore.tls.type",
    password: "keystore.tls.password",
    own_key: Some(("keystore.tls.alias", "keystore.tls.key_password")),
};

const TRUST: Paths = Paths {
    section: "truststore",
    file_name: "truststore.file_name",
    kind: "truststore.type",
    password: "truststore.password",
    own_key: None,
};

impl Keystores {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        Self {
            primary: Keystore::read(settings, &PRIMARY, findings),
            tls: Keystore::read(settings, &TLS, findings),
            trust: Keystore::read(settings, &TRUST, findings),
        }
    }
}

impl Keystore {
    fn read(settings: &Section, paths: &Paths, findings: &mut Findings) -> Option<Self> {
        let file_name = settings.text(paths.file_name);
        let password = settings.secret(paths.password);
        let (file_name, password) = match (file_name, password) {
            (Some(file_name), Some(password)) => (file_name, password),
            (None, None) => return None,
            (given, _) => {
                let (present, absent) = match given {
                    Some(_) => (paths.file_name, paths.password),
                    None => (paths.password, paths.file_name),
                };
                let message = format!("[{}] has `{present}` without `{absent}`", paths.section);
                if settings.lacks(absent) {
                    findings.problem(Problem::new(Code::Missing, settings.span(present), absent, message));
                }
                return None;
            }
        };
        let (alias, key_password) = match paths.own_key {
            Some((alias, key_password)) => (settings.text(alias), settings.secret(key_password)),
            None => (None, None),
        };
        if paths.section == TLS.section {
            let span = settings.span(paths.file_name);
            findings.notice(&span, paths.section, "accepted, without meaning here: transport.https has its own files");
        }
        Some(Self { file_name, kind: settings.text(paths.kind), password, alias, key_password })
    }
}
