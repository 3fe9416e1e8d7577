//! What a generation is made of: the contents of all files that it depends on, read once.
//!
//! Two snapshots with one fingerprint make the same generation. A file that cannot be read is part of the snapshot as
//! an error, so that building it reports every problem and not only the first.

use std::path::PathBuf;

use dropins_host::{Candidate, CandidateError, Digest, read_folder};

use dropins_config::{Deployment, Environment, Home, KeyFiles, Listener, LoadError, LoadedHome, Notice, Problems};

use super::tls::{Identity, TlsError};

/// The contents of `deployment.toml`, of the plug-in folder, and of the key files that the configuration names.
#[derive(Clone)]
pub struct Snapshot {
    /// The configuration.
    pub deployment: Deployment,
    /// What the operator should know about the file.
    pub notices: Vec<Notice>,
    /// Every component, or why the folder cannot be read.
    pub plugins: Result<Vec<Result<Candidate, CandidateError>>, String>,
    /// The key files that the configuration names.
    pub key_files: Result<KeyFiles, Problems>,
    /// The certificate and key of the HTTPS listener, when it is enabled.
    pub tls: Option<Result<Identity, TlsError>>,
    text: Digest,
    fingerprint: Digest,
}

impl Snapshot {
    /// Reads everything anew. Blocks on the disk.
    ///
    /// # Errors
    /// [`LoadError`] when there is no configuration or it is wrong: then nothing says which other files matter.
    pub fn read(home: &Home, environment: &Environment) -> Result<Self, LoadError> {
        LoadedHome::read_with(home, environment.clone()).map(Self::of)
    }

    /// Reads what a configuration depends on. Blocks on the disk.
    pub fn of(home: LoadedHome) -> Self {
        let LoadedHome { home, deployment, notices, digest, .. } = home;
        let plugins = read_folder(&home.dropins(), deployment.limits.component_size);
        let https = deployment.transport.https.as_ref();
        let snapshot = Self {
            key_files: deployment.read_key_files(&home.conf()),
            tls: https.map(|https| Identity::read(&home, https.identity.as_ref())),
            plugins: plugins.map_err(|error| error.to_string()),
            text: digest,
            fingerprint: digest,
            deployment,
            notices,
        };
        snapshot.sealed()
    }

    /// What tells it from others.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// The files outside the plug-in folder and `conf` that it was read from, and those inside that the file names.
    pub fn files(&self, home: &Home) -> Vec<PathBuf> {
        let https = self.deployment.transport.https.as_ref();
        let tls = https.map(|https| Identity::files(home, https.identity.as_ref()));
        self.deployment.key_files(&home.conf()).into_iter().chain(tls.into_iter().flatten()).collect()
    }

    /// The component in this file of the plug-in folder.
    pub fn component(&self, file: &str) -> Option<&Candidate> {
        self.plugins.iter().flatten().flatten().find(|candidate| candidate.file() == file)
    }

    /// The same contents, but with another component in this file.
    #[must_use]
    pub fn with_component(&self, file: &str, other: &Candidate) -> Self {
        let mut changed = self.clone();
        for candidate in changed.plugins.iter_mut().flatten().flatten().filter(|candidate| candidate.file() == file) {
            *candidate = Candidate::new(file, other.bytes().clone());
        }
        changed.sealed()
    }

    /// The same contents, but with the listeners, components and limits of another snapshot, which need no compiler. An
    /// entry that is not enabled here stays disabled.
    #[must_use]
    pub fn with_plugins_of(&self, other: &Self) -> Self {
        let listeners = &self.deployment.listeners;
        let stays =
            |old: &&Listener| !old.enabled || listeners.iter().any(|new| new.enabled && new.plugin == old.plugin);
        let mut held = self.clone();
        held.deployment.listeners = other.deployment.listeners.iter().filter(stays).cloned().collect();
        held.deployment.limits = other.deployment.limits.clone();
        held.plugins = other.plugins.clone();
        let (ours, theirs) = (&self.deployment, &held.deployment);
        if (&ours.listeners, &ours.limits) != (&theirs.listeners, &theirs.limits) {
            let text = format!("{} with {:?} {:?}", self.text, theirs.listeners, theirs.limits);
            held.text = Digest::of(text.as_bytes());
        }
        held.sealed()
    }

    fn sealed(mut self) -> Self {
        let mut parts = vec![format!("text {}", self.text)];
        match &self.plugins {
            Ok(plugins) => parts.extend(plugins.iter().map(|plugin| match plugin {
                Ok(candidate) => format!("component {:?} {}", candidate.file(), candidate.digest()),
                Err(error) => format!("unreadable {error:?}"),
            })),
            Err(error) => parts.push(format!("no folder {error:?}")),
        }
        match &self.key_files {
            Ok(files) => {
                for (kind, texts) in [
                    ("certificate", &files.certificates),
                    ("jwks", &files.jwks),
                    ("roots", &files.upstream_roots),
                    ("issuer jwks", &files.issuer_jwks),
                    ("issuer roots", &files.issuer_roots),
                ] {
                    let files = texts.iter().map(|(client, text)| (client, Digest::of(text.as_bytes())));
                    parts.extend(files.map(|(client, digest)| format!("{kind} {client:?} {digest}")));
                }
            }
            Err(problems) => parts.push(format!("key files {:?}", problems.to_string())),
        }
        parts.extend(self.tls.iter().map(|tls| match tls {
            Ok(identity) => format!("tls {}", identity.digest()),
            Err(error) => format!("tls {:?}", error.to_string()),
        }));
        self.fingerprint = Digest::of(parts.join("\n").as_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::testing::home;

    fn fingerprint(home: &Home) -> Digest {
        Snapshot::read(home, &Environment::default()).unwrap_or_else(|error| panic!("{error}")).fingerprint()
    }

    fn edit(path: &Path, change: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, change(text)).unwrap();
    }

    #[test]
    fn every_file_that_a_generation_depends_on_is_part_of_the_fingerprint() {
        let further = "[[service_provider]]\nclient_id = \"c\"\njwks_file = \"c.json\"\n";
        let (_folder, home) = home(further);
        std::fs::write(home.conf().join("c.json"), "{\"keys\":[]}").unwrap();
        let mut seen = vec![fingerprint(&home)];
        assert_eq!(fingerprint(&home), seen[0], "reading changes nothing");
        let mut changed = |what: &str| {
            let now = fingerprint(&home);
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        edit(&home.deployment_toml(), |text| format!("{text}\n# a comment"));
        changed("deployment.toml");
        std::fs::write(home.conf().join("c.json"), "{\"keys\": []}").unwrap();
        changed("a key file");
        std::fs::write(home.dropins().join("another.wasm"), "x").unwrap();
        changed("a component more");
        std::fs::rename(home.dropins().join("another.wasm"), home.dropins().join("renamed.wasm")).unwrap();
        changed("its name");
        edit(&home.tls_certificate(), |text| format!("{text}\n"));
        changed("the certificate");
        std::fs::remove_file(home.conf().join("c.json")).unwrap();
        changed("a key file less");
        std::fs::write(home.conf().join("unrelated.txt"), "x").unwrap();
        std::fs::write(home.dropins().join(".copy.wasm.part"), "x").unwrap();
        assert_eq!(Some(&fingerprint(&home)), seen.last(), "unrelated files");
    }

    #[test]
    fn contents_with_the_plug_ins_of_others_are_neither_and_a_disabled_entry_stays_disabled() {
        let (_folder, home) = home("");
        let read = || Snapshot::read(&home, &Environment::default()).unwrap_or_else(|error| panic!("{error}"));
        std::fs::write(home.dropins().join("new.wasm"), "x").unwrap();
        let old = read();
        edit(&home.deployment_toml(), |text| {
            let text = text.replace("order = 900\nenable = true", "order = 900\nenable = false");
            format!("{text}\n[[event_listener]]\nname = \"new\"\n[limits]\nmemory = \"17MiB\"\n")
        });
        let new = read();
        let held = new.with_plugins_of(&old);
        assert!(![old.fingerprint(), new.fingerprint()].contains(&held.fingerprint()));
        assert_eq!(new.with_plugins_of(&held).fingerprint(), held.fingerprint());
        let enabled = held.deployment.listeners.iter().filter(|listener| listener.enabled);
        let orders: Vec<_> = enabled.map(|listener| listener.order).collect();
        assert_eq!((orders, &held.deployment.limits), (vec![899], &old.deployment.limits));
    }

    #[test]
    fn a_component_is_replaced_under_the_same_file_name() {
        let (_folder, home) = home("");
        let snapshot = Snapshot::read(&home, &Environment::default()).unwrap_or_else(|error| panic!("{error}"));
        let file = "client_secret_authenticator.wasm";
        let changed = snapshot.with_component(file, &Candidate::new("old.wasm", *b"old"));
        assert_eq!(changed.component(file).map(Candidate::digest), Some(Digest::of(b"old")));
        assert_ne!(changed.fingerprint(), snapshot.fingerprint());
        let original = snapshot.component(file).unwrap();
        assert_eq!(changed.with_component(file, original).fingerprint(), snapshot.fingerprint());
    }
}
