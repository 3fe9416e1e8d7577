//! An operator who replaces the plug-in of a running server, in every way in which files are replaced, and notes what
//! was live when.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dropins_components::PRIVATE_KEY_JWT;
use dropins_host::Digest;
use reqwest::Method;
use serde_json::Value;

use crate::home::TestHome;
use crate::http::Answer;
use crate::server::Server;
use crate::wait::until;

/// The plug-in that is replaced.
pub(crate) const PLUGIN: &str = "private_key_jwt_authenticator";

/// A version of the plug-in: the shipped component with a custom section, other bytes that mean the same.
pub(crate) fn version(number: u8) -> Vec<u8> {
    [PRIVATE_KEY_JWT, &[0, 3, 1, b'v', number]].concat()
}

/// A component that went live after `begun`, for every request since `announced`.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) begun: Instant,
    pub(crate) announced: Instant,
    pub(crate) generation: u64,
    pub(crate) digest: String,
}

/// Changes the home of a server.
pub(crate) struct Operator<'a> {
    home: &'a TestHome,
    server: &'a Server,
    /// In the order of publication; a rollback adds its target again.
    pub(crate) published: Vec<Published>,
}

impl<'a> Operator<'a> {
    /// An operator who has not changed anything yet.
    pub(crate) fn new(home: &'a TestHome, server: &'a Server) -> Self {
        let mut operator = Self { home, server, published: Vec::new() };
        let now = Instant::now();
        operator.announce(now, now);
        operator
    }

    /// Replaces the file by a rename and has the server reload.
    pub(crate) fn install(&mut self, component: &[u8]) {
        let begun = Instant::now();
        self.put(component);
        self.reload(begun);
        assert!(self.serves(component), "{:?}", self.published.last());
    }

    /// Whether this component was announced last.
    pub(crate) fn serves(&self, component: &[u8]) -> bool {
        self.published.last().unwrap().digest == Digest::of(component).to_string()
    }

    /// The same with a component that must be rejected; returns the reason.
    pub(crate) fn fail_to_install(&mut self, component: &[u8]) -> String {
        self.put(component);
        self.refused()
    }

    /// Replaces the file by a rename without a reload; returns the time until it serves.
    pub(crate) fn rename(&mut self, component: &[u8]) -> Duration {
        let begun = Instant::now();
        self.put(component);
        self.await_component(begun, component)
    }

    /// Overwrites the file from its beginning in steps of 4 KiB.
    pub(crate) fn overwrite(&mut self, component: &[u8]) {
        let begun = Instant::now();
        let mut file = fs::OpenOptions::new().write(true).truncate(true).open(self.file()).unwrap();
        for step in component.chunks(4096) {
            file.write_all(step).unwrap();
            file.sync_data().unwrap();
        }
        drop(file);
        self.await_component(begun, component);
    }

    /// Deletes the file and has the server reload, which must be rejected; returns the reason.
    pub(crate) fn delete(&mut self) -> String {
        fs::remove_file(self.file()).unwrap();
        self.refused()
    }

    /// Rolls back to the generation before.
    pub(crate) fn roll_back(&mut self) {
        let begun = Instant::now();
        let answer = self.post("/rollback");
        let announced = Instant::now();
        assert_eq!(answer.json()["result"], "rolled_back", "{answer:?}");
        self.announce(begun, announced);
    }

    /// Has `deployment.toml` point to another folder, as Kubernetes updates a volume: `..data` is a link to a folder
    /// with a time in its name, and is replaced by a rename.
    pub(crate) fn mount(&self, deployment: &str) {
        let folder = tempfile::Builder::new().prefix("..2026_").tempdir_in(self.home.conf("")).unwrap().keep();
        fs::write(folder.join("deployment.toml"), deployment).unwrap();
        symlink(folder.file_name().unwrap(), self.home.conf("..data_tmp")).unwrap();
        let before = fs::read_link(self.home.conf("..data")).ok();
        fs::rename(self.home.conf("..data_tmp"), self.home.conf("..data")).unwrap();
        let file = self.home.conf("deployment.toml");
        if !file.is_symlink() {
            symlink("..data/deployment.toml", self.home.conf(".deployment.toml")).unwrap();
            fs::rename(self.home.conf(".deployment.toml"), file).unwrap();
        }
        before.into_iter().for_each(|old| fs::remove_dir_all(self.home.conf("").join(old)).unwrap());
    }

    /// Has the server reload, and notes what it serves then.
    pub(crate) fn reload(&mut self, begun: Instant) {
        let answer = self.post("/reload?wait=true");
        let announced = Instant::now();
        assert_eq!(answer.status, 200, "{answer:?}");
        self.announce(begun, announced);
    }

    /// Has the server reload, which must be rejected; returns the reason.
    pub(crate) fn refused(&self) -> String {
        let answer = self.post("/reload?wait=true");
        let verdict = answer.json();
        assert_eq!((answer.status, &verdict["result"]), (422, &"refused".into()), "{answer:?}");
        let (generation, digest) = self.live();
        let last = self.published.last().unwrap();
        assert_eq!((last.generation, &last.digest), (generation, &digest), "{answer:?}");
        verdict["error"].as_str().unwrap().to_owned()
    }

    /// Waits until another generation is live than the last announced one.
    pub(crate) fn await_generation(&mut self, begun: Instant) {
        let last = self.published.last().unwrap().generation;
        until("another generation is live", || (self.live().0 != last).then_some(()));
        self.announce(begun, Instant::now());
    }

    fn await_component(&mut self, begun: Instant, component: &[u8]) -> Duration {
        let digest = Digest::of(component).to_string();
        until("the component is live", || (self.live().1 == digest).then_some(()));
        let announced = Instant::now();
        self.announce(begun, announced);
        announced - begun
    }

    fn announce(&mut self, begun: Instant, announced: Instant) {
        let (generation, digest) = self.live();
        self.published.push(Published { begun, announced, generation, digest });
    }

    /// Generation and digest, as the status document has them.
    fn live(&self) -> (u64, String) {
        let status = self.server.admin_get("/status").json();
        let plugins = status["plugins"].as_array().unwrap();
        let plugin = plugins.iter().find(|plugin| plugin["name"] == PLUGIN).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (status["generation"].as_u64().unwrap(), text(&plugin["digest"]))
    }

    fn file(&self) -> PathBuf {
        self.home.dropin(&format!("{PLUGIN}.wasm"))
    }

    fn put(&self, component: &[u8]) {
        let aside = self.home.dropin(".aside.wasm");
        fs::write(&aside, component).unwrap();
        fs::rename(aside, self.file()).unwrap();
    }

    fn post(&self, path: &str) -> Answer {
        self.server.operator(Method::POST, path)
    }
}
