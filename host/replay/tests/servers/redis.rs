//! Redis, or Valkey where it is installed instead; every write is on the disk before it is answered.

use std::{path::Path, process::Command};

use super::{Kind, PASSWORD, Pair, Server, certificate::Certificate, folder, free_port, program, run, unprivileged};

struct Redis {
    client: String,
    tls_port: u16,
}

pub(super) fn start() -> Option<Server> {
    let (redis, client) = match program("redis-server") {
        Some(redis) => (redis, "redis-cli"),
        None => (program("valkey-server")?, "valkey-cli"),
    };
    let (folder, port, tls_port) = (folder(), free_port(), free_port());
    let tls = Certificate::make(&folder);
    let command = unprivileged(
        &redis,
        &[
            &["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir", folder.to_str().unwrap()][..],
            &["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--databases", "1000"],
            &["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
            &["--tls-port", &tls_port.to_string(), "--tls-auth-clients", "no"],
            &["--tls-cert-file", tls.certificate.to_str().unwrap(), "--tls-key-file", tls.key.to_str().unwrap()],
            &["--tls-ca-cert-file", tls.authority.to_str().unwrap()],
        ]
        .concat(),
    );
    Some(Server::start(Box::new(Redis { client: client.to_owned(), tls_port }), &folder, port, "KILL", &command))
}

/// The former primary takes writes even as a replica: the harder case.
pub(super) fn pair() -> Option<Pair> {
    let (primary, replica) = (start()?, start()?);
    primary.execute("0", "CONFIG SET replica-read-only no").unwrap();
    replica.execute("0", &format!("REPLICAOF 127.0.0.1 {}", primary.port())).unwrap();
    primary.until("INFO replication", "state=online");
    Some(Pair { primary, replica })
}

impl Kind for Redis {
    fn url(&self, port: u16, database: &str) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    /// TLS has a port of its own.
    fn tls_url(&self, _: u16, database: &str, authority: &Path) -> String {
        format!("rediss://:{PASSWORD}@127.0.0.1:{}/{database}?sslrootcert={}", self.tls_port, authority.display())
    }

    /// One command of words; any other text asks whether the server answers.
    fn execute(&self, port: u16, database: &str, statements: &str) -> Result<String, String> {
        let command = if statements == "SELECT 1" { "PING" } else { statements };
        let port = port.to_string();
        let server = ["-h", "127.0.0.1", "-p", &port, "-a", PASSWORD, "--no-auth-warning", "-e", "-n", database];
        run(Command::new(&self.client).args(server).args(command.split_whitespace()))
    }

    fn first_database(&self) -> &'static str {
        "0"
    }

    fn create(&self, _: &Server, number: usize) -> String {
        number.to_string()
    }

    fn switch(&self, pair: &Pair) {
        pair.primary.execute("0", &format!("FAILOVER TO 127.0.0.1 {}", pair.replica.port())).unwrap();
        pair.replica.until("INFO replication", "role:master");
        pair.primary.until("INFO replication", "role:slave");
    }
}
