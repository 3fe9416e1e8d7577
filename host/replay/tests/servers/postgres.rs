//! PostgreSQL, with a data folder made by `initdb`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Kind, PASSWORD, Pair, Server, USER, certificate::Certificate, folder, free_port, must, program, run, unprivileged,
};

struct Postgres;

pub(super) fn start() -> Option<Server> {
    let (initdb, postgres) = programs()?;
    let folder = folder();
    let password = folder.join("password");
    fs::write(&password, PASSWORD).unwrap();
    let (data, password) = (folder.join("data"), format!("--pwfile={}", password.display()));
    let data = data.to_str().unwrap();
    let user = format!("--username={USER}");
    must(&unprivileged(
        &initdb,
        &["-D", data, "--auth=scram-sha-256", &user, &password, "--encoding=UTF8", "--locale=C", "--no-sync"],
    ));
    Some(serve(&postgres, &folder))
}

fn programs() -> Option<(PathBuf, PathBuf)> {
    program("psql").and(program("initdb")).zip(program("postgres"))
}

/// A commit waits for the standby, so that it misses nothing.
pub(super) fn pair() -> Option<Pair> {
    let (copy, (_, postgres)) = (program("pg_basebackup")?, programs()?);
    let (primary, folder) = (start()?, folder());
    let source = format!("--dbname={}", primary.url(""));
    let data = format!("--pgdata={}", folder.join("data").display());
    must(&unprivileged(&copy, &[&data, &source, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]));
    let replica = serve(&postgres, &folder);
    set(&primary, "synchronous_standby_names = '*'");
    primary.until("SELECT sync_state FROM pg_stat_replication", "sync");
    Some(Pair { primary, replica })
}

/// `ALTER SYSTEM` and the reload are statements of their own.
fn set(server: &Server, setting: &str) {
    for statement in [&format!("ALTER SYSTEM SET {setting}"), "SELECT pg_reload_conf()"] {
        server.execute("postgres", statement).unwrap();
    }
}

/// Starts a server on the data in this folder.
fn serve(postgres: &Path, folder: &Path) -> Server {
    let (data, port, tls) = (folder.join("data"), free_port(), Certificate::make(folder));
    let command = unprivileged(
        postgres,
        &[
            &["-D", data.to_str().unwrap(), "-p", &port.to_string(), "-k", folder.to_str().unwrap()][..],
            &["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "ssl=on"],
            &["-c", &format!("ssl_cert_file={}", tls.certificate.display())],
            &["-c", &format!("ssl_key_file={}", tls.key.display())],
        ]
        .concat(),
    );
    // QUIT is the crash of all its processes; they would outlive a killed postmaster for a moment.
    Server::start(Box::new(Postgres), folder, port, "QUIT", &command)
}

impl Kind for Postgres {
    fn url(&self, port: u16, database: &str) -> String {
        format!("postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    fn execute(&self, port: u16, database: &str, statements: &str) -> Result<String, String> {
        run(Command::new("psql").args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statements, &self.url(port, database)]))
    }

    fn first_database(&self) -> &'static str {
        "postgres"
    }

    fn create(&self, server: &Server, number: usize) -> String {
        let name = format!("identity_{number}");
        server.execute("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        name
    }

    fn switch(&self, pair: &Pair) {
        set(&pair.primary, "default_transaction_read_only = on");
        pair.primary.until("SHOW default_transaction_read_only", "on");
        pair.replica.until("SELECT pg_promote()", "t");
        pair.replica.until("SHOW transaction_read_only", "off");
    }
}
