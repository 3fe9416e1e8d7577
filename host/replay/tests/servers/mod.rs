//! Real database servers for tests: each on a free loopback port, with its data in a folder of its own.
//!
//! A server lives under a warden, a shell that waits on a pipe from this process: when the process ends, however it ends,
//! the warden kills the server and removes the folder. Servers that refuse to be run by root run as `nobody`. A program
//! that is not installed skips its tests, or fails them when `DROPINS_REQUIRE_ALL=1`.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod certificate;
mod mariadb;
mod pair;
mod postgres;
mod proxy;
mod redis;

use std::{
    fs,
    io::Write,
    net::TcpListener,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{LazyLock, Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, Instant},
};

#[allow(unused_imports, reason = "each test binary uses a part of it")]
pub(crate) use {
    pair::Pair,
    proxy::{Proxy, Traffic},
};

/// The user and the password of every server.
pub(crate) const USER: &str = "dropins";
pub(crate) const PASSWORD: &str = "not-a-secret";

/// One server, started once for a test binary.
pub(crate) fn postgres() -> Option<&'static Server> {
    static SERVER: LazyLock<Option<Server>> = LazyLock::new(postgres::start);
    SERVER.as_ref()
}

/// One server, started once for a test binary.
pub(crate) fn mariadb() -> Option<&'static Server> {
    static SERVER: LazyLock<Option<Server>> = LazyLock::new(mariadb::start);
    SERVER.as_ref()
}

/// One server, started once for a test binary.
pub(crate) fn redis() -> Option<&'static Server> {
    static SERVER: LazyLock<Option<Server>> = LazyLock::new(redis::start);
    SERVER.as_ref()
}

/// A server of its own, for a test that ends it while others run.
pub(crate) fn own_postgres() -> Option<Server> {
    postgres::start()
}

/// A server of its own, for a test that ends it while others run.
pub(crate) fn own_mariadb() -> Option<Server> {
    mariadb::start()
}

/// A server of its own, for a test that ends it while others run.
pub(crate) fn own_redis() -> Option<Server> {
    redis::start()
}

/// What is special about a kind of server.
pub(crate) trait Kind: Send + Sync {
    /// The URL of a database there.
    fn url(&self, port: u16, database: &str) -> String;
    /// The same with TLS, trusting this authority.
    fn tls_url(&self, port: u16, database: &str, authority: &Path) -> String {
        format!("{}?sslmode=verify-full&sslrootcert={}", self.url(port, database), authority.display())
    }
    /// Runs statements in a database and returns what they print, or why they failed.
    fn execute(&self, port: u16, database: &str, statements: &str) -> Result<String, String>;
    /// A database that exists from the start.
    fn first_database(&self) -> &'static str;
    /// Makes the `number`th new database and returns its name.
    fn create(&self, server: &Server, number: usize) -> String;
    /// See [`Pair::switch`].
    fn switch(&self, pair: &Pair);
}

/// A running server.
pub(crate) struct Server {
    kind: Box<dyn Kind>,
    port: u16,
    warden: Mutex<Child>,
    authority: PathBuf,
    databases: AtomicUsize,
}

/// The commands of the warden are lines: `kill` and `start`. `$1` is the folder, `$2` the signal that kills.
const WARDEN: &str = r#"
folder=$1; signal=$2; shift 2
start() { "$@" </dev/null >>"$folder/log" 2>&1 & server=$!; }
start "$@"
while read -r command; do
    case $command in
        kill) kill -s "$signal" "$server"; wait "$server" ;;
        start) start "$@" ;;
    esac
done
kill -s "$signal" "$server"; wait "$server"; rm -rf "$folder""#;

impl Server {
    /// Starts the server under a warden and waits until it answers.
    fn start(kind: Box<dyn Kind>, folder: &Path, port: u16, signal: &str, command: &[String]) -> Self {
        let warden = Command::new("sh")
            .args(["-c", WARDEN, "warden"])
            .arg(folder)
            .arg(signal)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // The interrupt key ends this process, and must leave the warden to clean up.
            .process_group(0)
            .spawn()
            .unwrap();
        let authority = folder.join("authority.pem");
        let server = Self { kind, port, warden: Mutex::new(warden), authority, databases: AtomicUsize::new(1) };
        if let Err(error) = server.wait() {
            panic!(
                "{} does not start: {error}\n{}",
                command.join(" "),
                fs::read_to_string(folder.join("log")).unwrap()
            );
        }
        server
    }

    fn wait(&self) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match self.execute(self.kind.first_database(), "SELECT 1") {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database there.
    pub(crate) fn url(&self, database: &str) -> String {
        self.kind.url(self.port, database)
    }

    /// The same with TLS, trusting the authority of the server's certificate.
    pub(crate) fn tls_url(&self, database: &str) -> String {
        self.kind.tls_url(self.port, database, &self.authority)
    }

    /// URLs with TLS that lead to the server but cannot trust it: no authority, another authority, another name.
    pub(crate) fn untrusted_urls(&self, database: &str) -> [String; 3] {
        let url = self.tls_url(database);
        let (without, _) = url.split_once("sslrootcert").unwrap();
        let stranger = self.authority.with_file_name(certificate::STRANGER);
        [
            without.trim_end_matches(['?', '&']).to_owned(),
            self.kind.tls_url(self.port, database, &stranger),
            url.replace("127.0.0.1", "localhost"),
        ]
    }

    /// The same by way of a proxy on another port.
    pub(crate) fn url_by(&self, port: u16, database: &str) -> String {
        self.kind.url(port, database)
    }

    /// A new, empty database.
    pub(crate) fn create_database(&self) -> String {
        self.kind.create(self, self.databases.fetch_add(1, Ordering::Relaxed))
    }

    /// Runs statements in a database by the server's own client.
    pub(crate) fn execute(&self, database: &str, statements: &str) -> Result<String, String> {
        self.kind.execute(self.port, database, statements)
    }

    /// Waits until a question is answered so, without regard to what stands around it.
    fn until(&self, question: &str, answer: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let said = self.execute(self.kind.first_database(), question);
            if said.as_ref().is_ok_and(|said| said.contains(answer)) {
                return;
            }
            assert!(Instant::now() < deadline, "{question}: {said:?} instead of {answer}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends the server as a crash does, and waits until it accepts nothing; what it has not made durable is lost.
    pub(crate) fn crash(&self) {
        self.command("kill");
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.execute(self.kind.first_database(), "SELECT 1").is_ok() {
            assert!(Instant::now() < deadline, "the server does not end");
        }
    }

    /// Starts it again and waits until it answers.
    pub(crate) fn restart(&self) {
        self.command("start");
        let deadline = Instant::now() + Duration::from_secs(60);
        // A server may refuse to start while the last remains of the crashed one are still there.
        while self.execute(self.kind.first_database(), "SELECT 1").is_err() {
            assert!(Instant::now() < deadline, "the server does not come back");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn command(&self, word: &str) {
        writeln!(self.warden.lock().unwrap().stdin.as_mut().unwrap(), "{word}").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let warden = self.warden.get_mut().unwrap();
        drop(warden.stdin.take());
        warden.wait().unwrap();
    }
}

/// The program, or `None` when it is not installed.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let more = versions.map(|version| version.path().join("bin")).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = std::env::split_paths(&path).chain(more).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var("DROPINS_REQUIRE_ALL").as_deref() != Ok("1"), "{name} is not installed");
        println!("skipped: {name} is not installed");
    }
    found
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An empty folder that the server may write; the warden removes it.
fn folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("dropins-server-").tempdir().unwrap().keep();
    if is_root() {
        std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

const NOBODY: u32 = 65534;

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A command line, as `nobody` when this process is root.
fn unprivileged(program: &Path, arguments: &[&str]) -> Vec<String> {
    let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let command = user.iter().filter(|_| is_root()).map(|word| (*word).to_owned());
    let program = program.to_str().unwrap().to_owned();
    command.chain([program]).chain(arguments.iter().map(|argument| (*argument).to_owned())).collect()
}

/// Runs a command to its end and returns what it prints, or why it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Runs a command line to its end, and panics when it fails.
fn must(command: &[String]) {
    let (program, arguments) = command.split_first().unwrap();
    run(Command::new(program).args(arguments)).unwrap_or_else(|error| panic!("{command:?}: {error}"));
}
