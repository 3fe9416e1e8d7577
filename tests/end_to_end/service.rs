//! The server under a service manager: what it tells it (sd_notify(3)), the sockets that it takes over
//! (sd_listen_fds(3)), and the credentials that the configuration names.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::Request;
use crate::program::{DROPINS, command, run};
use crate::server::Server;

/// What a service manager hears.
struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    fn new(home: &TestHome) -> Self {
        let path = home.path("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket, path: path.to_str().unwrap().to_owned() }
    }

    /// The next message.
    fn hears(&self) -> String {
        let mut message = [0; 1024];
        let length = self.socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    }
}

#[track_caller]
fn assert_reloads(manager: &Manager, verdict: &str) {
    let begin = manager.hears();
    assert!(begin.contains("RELOADING=1") && begin.contains("MONOTONIC_USEC="), "{begin}");
    let end = manager.hears();
    assert!(end.contains("READY=1") && end.contains(verdict), "{end}");
}

#[test]
fn the_service_manager_hears_ready_reloading_and_stopping() {
    let home = TestHome::new();
    let manager = Manager::new(&home);
    let server = Server::start_with(&home, &[], &[("NOTIFY_SOCKET", &manager.path)]);
    let ready = manager.hears();
    assert!(ready.contains("READY=1") && ready.contains(&format!("STATUS=serves https://{}", home.https)), "{ready}");

    home.detail_errors();
    home.dropins(&["reload"]).succeeded();
    let begin = manager.hears();
    assert!(begin.contains("RELOADING=1"), "{begin}");
    assert!(manager.hears().contains("STATUS=generation 2 is live"));

    server.signal("HUP");
    assert_reloads(&manager, "last reload: unchanged");
    home.append("[nonsense]");
    home.dropins(&["reload"]).failed(&["nonsense"]);
    assert_reloads(&manager, "generation 2 is live; last reload: refused");

    assert_eq!(server.end("TERM").0, Some(0));
    assert!(manager.hears().contains("STOPPING=1"));
}

#[test]
fn the_service_manager_hears_that_the_server_is_alive_if_it_wants_to() {
    let home = TestHome::new();
    let manager = Manager::new(&home);
    let _server = Server::start_with(&home, &[], &[("NOTIFY_SOCKET", &manager.path), ("WATCHDOG_USEC", "100000")]);
    assert!(manager.hears().contains("READY=1"));
    assert_eq!([manager.hears(), manager.hears()], ["WATCHDOG=1\n", "WATCHDOG=1\n"]);
}

/// `dropins serve` with this socket as the first one of a service manager.
fn activated(home: &TestHome, socket: &TcpListener, name: &str) -> Command {
    let mut command = command("sh");
    let line = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=$0 exec \"$@\"";
    command.args(["-c", line, name, DROPINS, "serve", "--home", home.root()]);
    command.stdin(OwnedFd::from(socket.try_clone().unwrap()));
    command
}

#[test]
fn a_restart_on_a_socket_of_the_service_manager_refuses_no_connection() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let socket = TcpListener::bind(home.https).unwrap();
    let server = Server::launch(&home, &mut activated(&home, &socket, "https"));
    server.authenticate(&client.mint()).token();
    let (http, url) = (server.http().clone(), server.url("/oauth2/jwks"));
    assert_eq!(server.end("TERM").0, Some(0));

    let waiting = std::thread::spawn(move || http.send(Request::new(Method::GET, url)));
    let server = Server::launch(&home, &mut activated(&home, &socket, "https"));
    assert_eq!(waiting.join().unwrap().status, 200, "the connection waited for the new server");
    server.authenticate(&client.mint()).token();
}

#[test]
fn a_socket_that_is_for_no_listener_stops_the_start() {
    let home = TestHome::new();
    let socket = TcpListener::bind(home.https).unwrap();
    for name in ["dropins.socket", "http"] {
        let refused = run_with_stdin(&mut activated(&home, &socket, name));
        refused.failed(&[&format!("`{name}`"), "FileDescriptorName=https"]);
    }
}

/// Runs a command that has a standard input of its own.
fn run_with_stdin(command: &mut Command) -> crate::program::Finished {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    crate::program::Finished { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

#[test]
fn a_secret_of_the_configuration_can_be_a_credential() {
    let home = TestHome::new();
    let folder = home.path("credentials");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("app_secret"), "s3cret-of-the-app\n").unwrap();
    home.append(
        "[[service_provider]]\nclient_id = \"app\"\ntoken_endpoint_auth_method = \"client_secret_post\"\n\
         grant_types = [\"client_credentials\"]\nclient_secret = \"$cred{app_secret}\"\n",
    );
    home.dropins(&["check"]).failed(&["the credential app_secret", "LoadCredential=app_secret:FILE"]);
    let given = ("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    run(command(DROPINS).args(["check", "--home", home.root()]).env(given.0, given.1)).succeeded();

    let server = Server::start_with(&home, &[], &[given]);
    let secret =
        |secret| server.post(&[("grant_type", "client_credentials"), ("client_id", "app"), ("client_secret", secret)]);
    secret("s3cret-of-the-app").token();
    secret("s3cret-of-the-app\n").error(401, "invalid_client");
}
