//! PostgreSQL, with a data folder made by `initdb`.

use std::{fs, process::Command};

use super::{
    Kind, PASSWORD, Server, USER, certificate::Certificate, folder, free_port, must, program, run, unprivileged,
};

struct Postgres;

pub(super) fn start() -> Option<Server> {
    let (initdb, postgres, _) = (program("initdb")?, program("postgres")?, program("psql")?);
    let (folder, port) = (folder(), free_port());
    let password = folder.join("password");
    fs::write(&password, PASSWORD).unwrap();
    let (data, password) = (folder.join("data"), format!("--pwfile={}", password.display()));
    let data = data.to_str().unwrap();
    let user = format!("--username={USER}");
    must(&unprivileged(
        &initdb,
        &["-D", data, "--auth=scram-sha-256", &user, &password, "--encoding=UTF8", "--locale=C", "--no-sync"],
    ));
    let tls = Certificate::make(&folder);
    let command = unprivileged(
        &postgres,
        &[
            &["-D", data, "-p", &port.to_string(), "-k", folder.to_str().unwrap()][..],
            &["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "ssl=on"],
            &["-c", &format!("ssl_cert_file={}", tls.certificate.display())],
            &["-c", &format!("ssl_key_file={}", tls.key.display())],
        ]
        .concat(),
    );
    // QUIT is the crash of all its processes; they would outlive a killed postmaster for a moment.
    Some(Server::start(Box::new(Postgres), &folder, port, "QUIT", &command))
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
}
