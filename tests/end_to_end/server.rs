//! `dropins serve` as a process of its own, killed when it is dropped.

use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use reqwest::Method;

use crate::home::TestHome;
use crate::http::{Answer, Http, Request};
use crate::program::{DROPINS, command, resident_kib, signal};

/// The value of `client_assertion_type` (RFC 7523 section 2.2).
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A debug build on a busy machine; the strict bounds have tests of their own.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Server {
    child: Child,
    log: Arc<Log>,
    http: Http,
    public: String,
    admin: String,
    socket: PathBuf,
    /// Time from the start of the process to `listening on`.
    pub(crate) ready_after: Duration,
}

/// What the server wrote to standard error so far.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

impl Server {
    /// Starts the server of a home and waits until it listens.
    #[track_caller]
    pub(crate) fn start(home: &TestHome) -> Self {
        Self::start_with(home, &[], &[])
    }

    /// The same with further arguments and environment variables.
    #[track_caller]
    pub(crate) fn start_with(home: &TestHome, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut program = command(DROPINS);
        program.args(["serve", "--home", home.root()]).args(home.shared.then_some("--shared")).args(arguments);
        Self::launch(home, program.envs(environment.iter().copied()).stdin(Stdio::null()))
    }

    /// The same with a command that becomes the server.
    #[track_caller]
    pub(crate) fn launch(home: &TestHome, program: &mut Command) -> Self {
        let began = Instant::now();
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let log = Log::follow(child.stderr.take().unwrap());
        let mut server = Self {
            child,
            log,
            http: Http::new(home.https, &home.authority()),
            public: format!("https://localhost:{}", home.https.port()),
            admin: format!("http://{}", home.admin),
            socket: home.path("tmp/admin.sock"),
            ready_after: Duration::ZERO,
        };
        let listening = format!("listening on https://{}", home.https);
        loop {
            let line = lines.recv_timeout(DEADLINE.saturating_sub(began.elapsed()));
            match line {
                Ok(line) if line == listening => break,
                Ok(_) => {}
                Err(_) => panic!("the server does not listen\n{}", server.last_words()),
            }
        }
        server.ready_after = began.elapsed();
        server
    }

    /// The end of what the server wrote to standard error so far.
    fn last_words(&self) -> String {
        let text = self.log.text.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(50)..].join("\n")
    }

    /// Waits for a line of the log with this text.
    #[track_caller]
    pub(crate) fn logged(&self, text: &str) -> String {
        let began = Instant::now();
        let mut log = self.log.text.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "`{text}` is not in the log\n{log}");
            log = self.log.grown.wait_timeout(log, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        resident_kib(self.child.id())
    }

    /// Sends a signal, `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Sends a signal that ends the server; returns its whole log and its exit code, `None` if it was killed.
    pub(crate) fn end(mut self, signal_name: &str) -> (Option<i32>, String) {
        self.signal(signal_name);
        let began = Instant::now();
        let log = Arc::clone(&self.log);
        // Standard error closes when the process has ended.
        let mut text = log.text.lock().unwrap_or_else(PoisonError::into_inner);
        while !text.ends_with(Log::END) {
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "the server does not end\n{text}");
            text = log.grown.wait_timeout(text, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        (self.child.wait().unwrap().code(), text.trim_end_matches(Log::END).to_owned())
    }

    /// A client of this server for requests of any kind.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public)
    }

    /// The URL of a path of the admin listener.
    pub(crate) fn admin_url(&self, path: &str) -> String {
        format!("{}{path}", self.admin)
    }

    /// `GET` of a public path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.http.send(Request::new(Method::GET, self.url(path)))
    }

    /// `GET` of a path of the admin listener.
    pub(crate) fn admin_get(&self, path: &str) -> Answer {
        self.http.send(Request::new(Method::GET, self.admin_url(path)))
    }

    /// A request to the admin socket, as the tools send it.
    pub(crate) fn operator(&self, method: Method, path: &str) -> Answer {
        Http::at_socket(&self.socket).send(Request::new(method, format!("http://localhost{path}")))
    }

    /// A post to the token endpoint.
    pub(crate) fn post(&self, fields: &[(&str, &str)]) -> Answer {
        self.http.send(self.token_request(fields))
    }

    /// A request to the token endpoint, to be changed further.
    pub(crate) fn token_request(&self, fields: &[(&str, &str)]) -> Request {
        Request::form(self.url("/oauth2/token"), fields)
    }

    /// Asks for a token with an assertion.
    pub(crate) fn authenticate(&self, assertion: &str) -> Answer {
        self.authenticate_with(assertion, &[])
    }

    /// The same with further parameters.
    pub(crate) fn authenticate_with(&self, assertion: &str, further: &[(&str, &str)]) -> Answer {
        self.post(&[&credential(assertion)[..], further].concat())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Log {
    /// No log line has a NUL.
    const END: char = '\0';

    fn follow(source: impl Read + Send + 'static) -> Arc<Self> {
        let log = Arc::new(Self::default());
        let writer = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                writer.push(&format!("{line}\n"));
            }
            writer.push(&Self::END.to_string());
        });
        log
    }

    fn push(&self, text: &str) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        self.grown.notify_all();
    }
}

/// The parameters of a client credentials request with an assertion.
pub(crate) fn credential(assertion: &str) -> [(&str, &str); 3] {
    [("grant_type", "client_credentials"), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]
}
