//! A home in a temporary folder, made by `dropins init`, with free ports in place of the usual ones.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::program::{dropins, run};

/// The first lines of the listener entry that `init` writes for the plug-in of this product.
const LISTENER: &str = "[[event_listener]]\nid = \"private_key_jwt_authenticator\"";

/// Where the modules of compiled components are.
const COMPILE_CACHE: &str = "tmp/compiled/modules";

/// A home; the folder is deleted with the last clone.
#[derive(Clone)]
pub(crate) struct TestHome {
    folder: Arc<tempfile::TempDir>,
    issuer: String,
    /// Where HTTPS listens.
    pub(crate) https: SocketAddr,
    /// Where the admin endpoints are.
    pub(crate) admin: SocketAddr,
    /// Whether another server serves the folder.
    pub(crate) shared: bool,
}

impl TestHome {
    /// A fresh home, with its components compiled already.
    pub(crate) fn new() -> Self {
        static COMPILED: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(compiled);
        let home = Self::cold();
        for (name, bytes) in &*COMPILED {
            let file = home.path(COMPILE_CACHE).join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
        home
    }

    /// A fresh home that has never compiled a component.
    pub(crate) fn cold() -> Self {
        let folder = tempfile::Builder::new().prefix("dropins-test-").tempdir().unwrap();
        let https = free_address();
        let issuer = format!("https://localhost:{}", https.port());
        let home = Self { folder: Arc::new(folder), issuer, https, admin: free_address(), shared: false };
        dropins(&["init", "--home", home.root()]).succeeded();
        home.replace("listen = \"127.0.0.1:9443\"", &format!("listen = \"{}\"", home.https));
        home.replace("listen = \"127.0.0.1:9444\"", &format!("listen = \"{}\"", home.admin));
        home.replace("$ref{server.hostname}:9443", &format!("$ref{{server.hostname}}:{}", home.https.port()));
        home
    }

    /// The same home on other ports, as a second node has it; the issuer stays.
    pub(crate) fn moved(&self) -> Self {
        let moved = Self { https: free_address(), admin: free_address(), shared: true, ..self.clone() };
        self.replace(&format!("listen = \"{}\"", self.https), &format!("listen = \"{}\"", moved.https));
        self.replace(&format!("listen = \"{}\"", self.admin), &format!("listen = \"{}\"", moved.admin));
        moved
    }

    /// Another node of the same cluster: a home of its own with this one's configuration and keys, on other ports.
    pub(crate) fn node(&self) -> Self {
        let node = Self { issuer: self.issuer.clone(), ..Self::new() };
        for folder in ["repository/conf", "repository/resources/security"] {
            for file in std::fs::read_dir(self.path(folder)).unwrap().map(Result::unwrap) {
                std::fs::copy(file.path(), node.path(folder).join(file.file_name())).unwrap();
            }
        }
        node.replace(&format!("listen = \"{}\"", self.https), &format!("listen = \"{}\"", node.https));
        node.replace(&format!("listen = \"{}\"", self.admin), &format!("listen = \"{}\"", node.admin));
        node
    }

    /// The home that this archive of `dropins backup` holds, on the same addresses, by the documented line.
    pub(crate) fn restored(&self, archive: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("dropins-restored-").tempdir().unwrap();
        run(Command::new("tar").arg("-xpf").arg(archive).arg("-C").arg(folder.path())).succeeded();
        Self { folder: Arc::new(folder), ..self.clone() }
    }

    /// The folder.
    pub(crate) fn root(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// A file or folder of the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file beside `deployment.toml`.
    pub(crate) fn conf(&self, name: &str) -> PathBuf {
        self.path("repository/conf").join(name)
    }

    /// A file of the plug-in folder.
    pub(crate) fn dropin(&self, name: &str) -> PathBuf {
        self.path("repository/components/dropins").join(name)
    }

    /// The server's certificate, which is its own authority.
    pub(crate) fn authority(&self) -> PathBuf {
        self.path("repository/resources/security/tls-certificate.pem")
    }

    /// The issuer that the configuration names.
    pub(crate) fn issuer(&self) -> String {
        self.issuer.clone()
    }

    /// The public URL of the token endpoint.
    pub(crate) fn token_endpoint(&self) -> String {
        format!("{}/oauth2/token", self.issuer())
    }

    /// The configuration.
    pub(crate) fn deployment(&self) -> String {
        std::fs::read_to_string(self.conf("deployment.toml")).unwrap()
    }

    /// Writes the configuration anew.
    pub(crate) fn write_deployment(&self, text: &str) {
        std::fs::write(self.conf("deployment.toml"), text).unwrap();
    }

    /// Replaces a part of the configuration that occurs exactly once.
    #[track_caller]
    pub(crate) fn replace(&self, part: &str, by: &str) -> &Self {
        let text = self.deployment();
        assert_eq!(text.matches(part).count(), 1, "`{part}` in\n{text}");
        self.write_deployment(&text.replace(part, by));
        self
    }

    /// Chooses the kind of access tokens, `jwt` or `opaque`.
    pub(crate) fn token_type(&self, kind: &str) -> &Self {
        self.replace("[oauth]", &format!("[oauth]\ntoken_type = \"{kind}\""))
    }

    /// Replaces the listener entry of the `private_key_jwt` plug-in, its properties included.
    pub(crate) fn replace_listener(&self, entry: &str) -> &Self {
        let text = self.deployment();
        let (before, rest) = text.split_once(LISTENER).unwrap();
        let (_, after) = rest.split_once("[[event_listener]]").unwrap();
        self.write_deployment(&format!("{before}{entry}\n\n[[event_listener]]{after}"));
        self
    }

    /// Adds TOML at the end of the configuration.
    pub(crate) fn append(&self, toml: &str) -> &Self {
        self.write_deployment(&format!("{}\n{toml}", self.deployment()));
        self
    }

    /// Puts the precise reason into error answers.
    pub(crate) fn detail_errors(&self) -> &Self {
        self.replace("detailed_errors = false", "detailed_errors = true")
    }

    /// `line:column` of a part of the configuration that occurs exactly once.
    #[track_caller]
    pub(crate) fn position(&self, part: &str) -> String {
        let text = self.deployment();
        assert_eq!(text.matches(part).count(), 1, "`{part}` in\n{text}");
        let before = text.split_once(part).unwrap().0;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        format!("{line}:{column}")
    }

    /// Runs a verb on this home.
    pub(crate) fn dropins(&self, verb: &[&str]) -> crate::program::Finished {
        dropins(&[verb, &["--home", self.root()]].concat())
    }
}

/// The compile cache of a home that compiled its components.
fn compiled() -> Vec<(PathBuf, Vec<u8>)> {
    let home = TestHome::cold();
    home.dropins(&["check"]).succeeded();
    let cache = home.path(COMPILE_CACHE);
    let entries = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries(cache.clone()).flat_map(entries);
    files.map(|file| (file.strip_prefix(&cache).unwrap().to_owned(), std::fs::read(file).unwrap())).collect()
}

/// An address on which no program listens, and that no other test of this process gets.
pub(crate) fn free_address() -> SocketAddr {
    static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        if TAKEN.lock().unwrap_or_else(PoisonError::into_inner).insert(address.port()) {
            return address;
        }
    }
}
