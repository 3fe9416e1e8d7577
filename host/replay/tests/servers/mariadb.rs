//! MariaDB, with a data folder made by `mariadb-install-db`.

use std::{fs, process::Command};

use super::{
    Kind, PASSWORD, Pair, Server, USER, certificate::Certificate, folder, free_port, must, program, run, unprivileged,
};

struct Mariadb;

/// May do everything; [`USER`] may not write where the server is read-only.
const ADMIN: &str = "admin";

/// What the server runs when it starts, one statement a line.
const USERS: &str = "
CREATE USER IF NOT EXISTS '{admin}'@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO '{admin}'@'127.0.0.1' WITH GRANT OPTION;
CREATE USER IF NOT EXISTS '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT RELOAD ON *.* TO '{user}'@'127.0.0.1';
GRANT ALL ON `identity_%`.* TO '{user}'@'127.0.0.1';
";

pub(super) fn start() -> Option<Server> {
    serve(&[])
}

/// The replica has read all that the primary ever wrote.
pub(super) fn pair() -> Option<Pair> {
    let (primary, replica) = (serve(&["--log-bin=binlog", "--server-id=1"])?, serve(&["--server-id=2"])?);
    let port = primary.port();
    let source = format!(
        "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={port}, MASTER_USER='{ADMIN}',
         MASTER_PASSWORD='{PASSWORD}', MASTER_USE_GTID=slave_pos; START SLAVE; SET GLOBAL read_only = ON"
    );
    replica.execute("mysql", &source).unwrap();
    Some(Pair { primary, replica })
}

fn serve(more: &[&str]) -> Option<Server> {
    let (install, mariadbd, _) = (program("mariadb-install-db")?, program("mariadbd")?, program("mariadb")?);
    let (folder, port) = (folder(), free_port());
    let init = folder.join("init.sql");
    let users = USERS.replace("{admin}", ADMIN).replace("{user}", USER).replace("{password}", PASSWORD);
    fs::write(&init, users.trim_start()).unwrap();
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
            &["--no-defaults", &data, &temporary][..],
            &[
                &format!("--port={port}"),
                &format!("--socket={}", folder.join("socket").display()),
                &format!("--pid-file={}", folder.join("pid").display()),
                &format!("--init-file={}", init.display()),
                &format!("--ssl-ca={}", tls.authority.display()),
                &format!("--ssl-cert={}", tls.certificate.display()),
                &format!("--ssl-key={}", tls.key.display()),
            ],
            &["--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=1G"],
            more,
        ]
        .concat(),
    );
    Some(Server::start(Box::new(Mariadb), &folder, port, "KILL", &command))
}

impl Kind for Mariadb {
    fn url(&self, port: u16, database: &str) -> String {
        format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    fn execute(&self, port: u16, database: &str, statements: &str) -> Result<String, String> {
        let (port, password) = (format!("--port={port}"), format!("--password={PASSWORD}"));
        let server = ["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", &port, "--user", ADMIN, &password];
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

    fn switch(&self, pair: &Pair) {
        let execute = |server: &Server, statements: &str| server.execute("mysql", statements).unwrap();
        execute(&pair.primary, "SET GLOBAL read_only = ON");
        let written = execute(&pair.primary, "SELECT @@GLOBAL.gtid_binlog_pos");
        pair.replica.until(&format!("SELECT MASTER_GTID_WAIT('{written}', 60)"), "0");
        execute(&pair.replica, "STOP SLAVE; SET GLOBAL read_only = OFF");
    }
}
