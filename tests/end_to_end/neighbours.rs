//! Debian's nginx, HAProxy and Caddy as the documentation configures them: they end TLS and say where a client is.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::{Child, Stdio};

use crate::client::TestClient;
use crate::home::{TestHome, free_address};
use crate::http::{Http, Request};
use crate::plain;
use crate::program::{command, installed, signal};
use crate::server::{Server, credential};
use crate::wait::until;

const PAGE: &str = include_str!("../../docs/how-to/run-behind-a-proxy.md");

/// The example of the page under this name.
fn example(name: &str) -> String {
    let (_, rest) = PAGE.split_once(&format!("<!-- {name} -->\n```")).unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// A proxy that is stopped when it is dropped, with its workers.
struct RunningProxy(Child);

impl Drop for RunningProxy {
    fn drop(&mut self) {
        signal(self.0.id(), "TERM");
        let _ = self.0.wait();
    }
}

/// An address of this machine that is not loopback: a proxy's word about loopback is not believed.
fn address_of_machine() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    // Nothing is sent.
    socket.connect(("192.0.2.1", 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// Runs a proxy in front of a home's server: `configure` gets the port for TLS and the address behind it.
fn behind(program: &str, name: &str, configure: impl FnOnce(&TestHome, u16, SocketAddr) -> std::process::Command) {
    if !installed(&[program]) {
        return;
    }
    let home = TestHome::new();
    let plain = plain::enable(&home);
    home.append("[transport]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let front = free_address().port();
    let mut command = configure(&home, front, plain);
    let _proxy =
        RunningProxy(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let machine = address_of_machine();
    let address = SocketAddr::new(machine.unwrap_or(IpAddr::from([127, 0, 0, 1])), front);
    let http = Http::new(address, &home.authority());
    let url = format!("https://localhost:{front}/oauth2/token");
    let forged = || Request::form(&url, &credential(&client.mint())).header("x-forwarded-for", "203.0.113.9");
    let answer = until(name, || http.try_send(forged()).ok());
    answer.token();
    let line = server.logged("outcome=\"authenticated\"");
    assert!(!line.contains("203.0.113.9"), "{line}");
    if let Some(machine) = machine {
        assert!(line.contains(&format!("address={machine}")), "{line}");
    }
    let replayed = client.mint();
    let send = || http.send(Request::form(&url, &credential(&replayed)));
    send().token();
    send().error(401, "invalid_client");
}

/// Certificate and key of the home in one file.
fn pair(home: &TestHome) -> String {
    let key = std::fs::read_to_string(home.path("repository/resources/security/tls-key.pem")).unwrap();
    let certificate = std::fs::read_to_string(home.authority()).unwrap();
    let file = home.path("pair.pem");
    std::fs::write(&file, format!("{certificate}\n{key}")).unwrap();
    file.to_str().unwrap().to_owned()
}

fn written(home: &TestHome, name: &str, text: &str) -> String {
    let file = home.path(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn behind_nginx_clients_authenticate_and_are_logged_with_their_address() {
    behind("nginx", "nginx", |home, front, plain| {
        let pair = pair(home);
        let server = example("nginx").replace("listen 443", &format!("listen {front}"));
        let server = server.replace("/etc/ssl/as.pem", &pair).replace("/etc/ssl/as.key", &pair);
        let server = server.replace("127.0.0.1:9763", &plain.to_string());
        let root = home.root();
        let temporary =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {root}/{kind};"));
        let text = format!(
            "daemon off;\nworker_processes 1;\npid {root}/nginx.pid;\nerror_log {root}/nginx.log;\nevents {{}}\n\
             http {{\naccess_log off;\n{}\n{server}\n}}\n",
            temporary.join("\n")
        );
        let mut nginx = command("nginx");
        nginx.args(["-p", root, "-e", &format!("{root}/nginx.log"), "-c", &written(home, "nginx.conf", &text)]);
        nginx
    });
}

#[test]
fn behind_haproxy_clients_authenticate_and_are_logged_with_their_address() {
    behind("haproxy", "haproxy", |home, front, plain| {
        let proxy = example("haproxy").replace("bind :443", &format!("bind :{front}"));
        let proxy = proxy.replace("/etc/ssl/as.pem", &pair(home)).replace("127.0.0.1:9763", &plain.to_string());
        let defaults =
            "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n";
        let mut haproxy = command("haproxy");
        haproxy.args(["-db", "-f", &written(home, "haproxy.cfg", &format!("{defaults}{proxy}"))]);
        haproxy
    });
}

#[test]
fn behind_caddy_clients_authenticate_and_are_logged_with_their_address() {
    behind("caddy", "caddy", |home, front, plain| {
        let pair = pair(home);
        let site = example("caddy").replace("as.example.com", &format!("localhost:{front}"));
        let site = site.replace("/etc/ssl/as.pem", &pair).replace("/etc/ssl/as.key", &pair);
        let site = site.replace("127.0.0.1:9763", &plain.to_string());
        let options = "{\n    admin off\n    auto_https disable_redirects\n}\n";
        let mut caddy = command("caddy");
        caddy.env("HOME", home.root()).env("XDG_DATA_HOME", home.root()).env("XDG_CONFIG_HOME", home.root());
        let file = written(home, "Caddyfile", &format!("{options}{site}"));
        caddy.args(["run", "--adapter", "caddyfile", "--config", &file]);
        caddy
    });
}
