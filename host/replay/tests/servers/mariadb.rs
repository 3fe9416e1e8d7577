//! MariaDB, with a data folder made by `mariadb-install-db`.

use std::{fs, process::Command};

use super::{
    Kind, PASSWORD, Server, USER, certificate::Certificate, folder, free_port, must, program, run, unprivileged,
};

struct Mariadb;

pub(super) fn start() -> Option<Server> {
    let (install, mariadbd, _) = (program("mariadb-install-db")?, program("mariadbd")?, program("mariadb")?);
    let (folder, port) = (folder(), free_port());
    let init = folder.join("init.sql");
    let grant = format!(
        "CREATE USER IF NOT EXISTS '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO '{USER}'@'127.0.0.1';"
    );
    fs::write(&init, grant.replace("; ", ";\n")).unwrap();
    let data = format!("--datadir={}", folder.join("data").display());
    // A server that starts removes the temporary tables of all others from a shared folder.
    let temporary = format!("--tmpdir={}", folder.display());
    must(&unprivileged(
        &install,
        &["--no-defaults", &data, &temporary, "--auth-root-authentication-method=normal", "--skip-test-db"],
    ));
    let tls = Certificate::make(&folder);
    let command = unprivileged(
        &mariadbd,
        &[
            "--no-defaults",
            &data,
            &temporary,
            &format!("--port={port}"),
            &format!("--socket={}", folder.join("socket").display()),
            &format!("--pid-file={}", folder.join("pid").display()),
            &format!("--init-file={}", init.display()),
            &format!("--ssl-ca={}", tls.authority.display()),
            &format!("--ssl-cert={}", tls.certificate.display()),
            &format!("--ssl-key={}", tls.key.display()),
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=64M",
        ],
    );
    Some(Server::start(Box::new(Mariadb), &folder, port, "KILL", &command))
}

impl Kind for Mariadb {
    fn url(&self, port: u16, database: &str) -> String {
        format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    fn execute(&self, port: u16, database: &str, statements: &str) -> Result<String, String> {
        let (port, password) = (format!("--port={port}"), format!("--password={PASSWORD}"));
        let server = ["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", &port, "--user", USER, &password];
        run(Command::new("mariadb").args(server).args(["--batch", "--skip-column-names", "-e", statements, database]))
    }

    fn first_database(&self) -> &'static str {
        "mysql"
    }

    fn create(&self, server: &Server, number: usize) -> String {
        let name = format!("identity_{number}");
        server.execute("mysql", &format!("CREATE DATABASE {name}")).unwrap();
        name
    }
}
