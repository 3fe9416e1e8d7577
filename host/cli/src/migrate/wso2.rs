//! `dropins migrate wso2`: configuration, keystores and clients of WSO2 Identity Server 5.9 and newer.
//!
//! Everything is read and judged before anything is written, and the old server's folder is only read. What was migrated
//! already is found again: the verb may be repeated.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_database::{Database, Location};
use dropins_host::services::{Clock as _, SystemClock};
use dropins_oauth::clients::lint;
use dropins_protocol::secret_hash;

use super::app::{App, Known, Registration};
use super::configuration::{self, Converted};
use super::keystores;
use super::report::{Became, ClientLine, Report};
use super::secret::Kept;
use super::table::{APPS, PROPERTIES, Row};
use super::{csv_table, dump};
use crate::args::HomeArgs;
use crate::output::say_json;
use crate::runtime::block_on;
use dropins_config::{Environment, Home, LoadedHome, home::identity_database};
use dropins_live::{open_database, stored_clients};

/// Dumps are read into memory.
const MAX_BYTES: u64 = 256 << 20;

const QUERY_APPS: &str = "SELECT CONSUMER_KEY, CONSUMER_SECRET, CONCAT(TENANT_ID, '') AS TENANT_ID, APP_NAME, \
    OAUTH_VERSION, CALLBACK_URL, GRANT_TYPES, CONCAT(PKCE_MANDATORY, '') AS PKCE_MANDATORY, \
    CONCAT(PKCE_SUPPORT_PLAIN, '') AS PKCE_SUPPORT_PLAIN, APP_STATE FROM IDN_OAUTH_CONSUMER_APPS";
const APP_COLUMNS: [&str; 10] = [
    "CONSUMER_KEY",
    "CONSUMER_SECRET",
    "TENANT_ID",
    "APP_NAME",
    "OAUTH_VERSION",
    "CALLBACK_URL",
    "GRANT_TYPES",
    "PKCE_MANDATORY",
    "PKCE_SUPPORT_PLAIN",
    "APP_STATE",
];
const QUERY_PROPERTIES: &str = "SELECT CONCAT(TENANT_ID, '') AS TENANT_ID, CONSUMER_KEY, PROPERTY_KEY, PROPERTY_VALUE \
    FROM IDN_OIDC_PROPERTY";
const PROPERTY_COLUMNS: [&str; 4] = ["TENANT_ID", "CONSUMER_KEY", "PROPERTY_KEY", "PROPERTY_VALUE"];

/// Read the configuration, the keystores and the clients of WSO2 Identity Server into this home.
///
/// DIR is the folder of the server, with repository/conf/deployment.toml. The clients are in its database: give a dump of
/// the table IDN_OAUTH_CONSUMER_APPS, and of IDN_OIDC_PROPERTY where there is one, or let --database ask the server that
/// the configuration names. Nothing in DIR is changed.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins migrate wso2 /opt/wso2is --clients apps.sql --dry-run\n\nDumps:\n  \
                  H2          java -cp h2.jar org.h2.tools.Script -url jdbc:h2:DIR/repository/database/WSO2IDENTITY_DB -script apps.sql\n  \
                  PostgreSQL  pg_dump --inserts -t idn_oauth_consumer_apps -t idn_oidc_property DATABASE > apps.sql\n  \
                  MySQL       mysqldump DATABASE IDN_OAUTH_CONSUMER_APPS IDN_OIDC_PROPERTY > apps.sql\n  \
                  any         a CSV file whose first line names the columns")]
pub(crate) struct Wso2 {
    #[command(flatten)]
    home: HomeArgs,
    /// The folder of WSO2 Identity Server
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// A dump in SQL, or a CSV file of one table; repeat it for more
    #[arg(long, value_name = "FILE")]
    clients: Vec<PathBuf>,
    /// Read the clients from the database server that the configuration in DIR names
    #[arg(long, conflicts_with = "clients")]
    database: bool,
    /// Let this server use that database from now on
    #[arg(long)]
    keep_database: bool,
    /// Say what would be done, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// What was read of the old server.
struct Old {
    home: Home,
    converted: Converted,
    /// Where an unchanged configuration leads to.
    location: Location,
    kept: Kept,
    stores: keystores::Found,
}

impl Wso2 {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async move {
            let report = self.migrate().await?;
            if self.json {
                say_json(&report)?
            } else {
                report.say()?
            }
            Ok(ExitCode::SUCCESS)
        })
    }

    async fn migrate(&self) -> anyhow::Result<Report> {
        let home = self.home.home();
        let current = LoadedHome::read(&home, &self.home.properties)?;
        anyhow::ensure!(
            current.deployment.service_providers.is_empty(),
            "{} declares clients, and would be replaced; migrate into a new home",
            home.deployment_toml().display()
        );
        let old = self.read_old(&home)?;
        let (clients_from, apps) = self.read_apps(&old).await?;
        let mut report = Report {
            dry_run: self.dry_run,
            saved: None,
            configuration: old.converted.notes.clone(),
            keystores: old.stores.files.clone(),
            clients_from,
            clients: Vec::new(),
            to_do: to_do(&old, self),
        };
        if !self.dry_run {
            report.keystores =
                old.stores.files.iter().map(|file| keystores::copy(file, &home)).collect::<Result<_, _>>()?;
            report.saved = home.replace_configuration(&old.converted.text, SystemClock.now_seconds())?;
        }
        for app in apps {
            report.clients.push(self.register(&home, &old, app).await?);
        }
        Ok(report)
    }

    fn read_old(&self, home: &Home) -> anyhow::Result<Old> {
        let old = Home::new(&self.dir);
        let file = old.deployment_toml();
        let text = fs::read_to_string(&file)
            .with_context(|| format!("{} cannot be read; DIR is the folder of WSO2 Identity Server", file.display()))?;
        // ${carbon.home} is the home of the server that will read it.
        let environment = Environment::of_process(home.root(), self.home.properties.clone());
        let shown = file.display().to_string();
        let parsed = dropins_config::parse(&text, &environment);
        let (deployment, _) = parsed.map_err(|problems| anyhow::anyhow!("{}", problems.render(&shown, false)))?;
        let defaults = keystores::defaults(&old, &deployment.keystores);
        let converted = configuration::convert(&text, &environment, self.keep_database, &defaults)
            .map_err(|problems| anyhow::anyhow!("{}", problems.render(&shown, false)))?;
        let table: toml::Table = text.parse().with_context(|| format!("{shown} cannot be read"))?;
        let kept = Kept::of(table.get("oauth").and_then(toml::Value::as_table));
        let stores = keystores::open_all(&old, &converted.deployment.keystores);
        Ok(Old { location: identity_database(&old, &deployment), home: old, converted, kept, stores })
    }

    /// The clients, and where they were found.
    async fn read_apps(&self, old: &Old) -> anyhow::Result<(Option<String>, Vec<App>)> {
        let (source, apps, properties) = if self.database {
            let (apps, properties) = query(&old.location).await?;
            (old.location.to_string(), apps, properties)
        } else if self.clients.is_empty() {
            return Ok((None, Vec::new()));
        } else {
            let (mut apps, mut properties, mut names) = (None, Vec::new(), Vec::new());
            for file in &self.clients {
                let (found, further) = read_file(file)?;
                if let Some(found) = found {
                    apps.get_or_insert_with(Vec::new).extend(found);
                }
                properties.extend(further);
                names.push(file.display().to_string());
            }
            let source = names.join(", ");
            let apps = apps.with_context(|| format!("{source} has no table {APPS}"))?;
            (source, apps, properties)
        };
        let in_keystore = |client_id: &str| matches!(old.stores.certificates.find(client_id), Ok(Some(_)));
        let known = Known { kept: old.kept, properties: Known::properties(&properties), in_keystore: &in_keystore };
        Ok((Some(source), apps.iter().map(|row| App::of(row, &known)).collect()))
    }

    async fn register(&self, home: &Home, old: &Old, app: App) -> anyhow::Result<ClientLine> {
        let App { client_id, verdict, mut notes } = app;
        let Registration { mut record, secret } = match verdict {
            Ok(registration) => registration,
            Err(reason) => return Ok(ClientLine { client_id, result: Became::LeftOut, reason: Some(reason), notes }),
        };
        if let Some(secret) = secret {
            record.secret = Some(secret_hash::create(secret).await?);
        }
        let deployment = &old.converted.deployment;
        let settings = deployment.oauth.jwks_endpoint.fetch_settings();
        let judged = lint(&record, &settings, &[], &old.stores.certificates, SystemClock.now_seconds());
        if !judged.faults.is_empty() {
            let reason = judged.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            return Ok(ClientLine { client_id, result: Became::LeftOut, reason: Some(reason), notes });
        }
        // A client with a secret needs no key.
        let warnings = judged.warnings.iter().filter(|_| record.secret.is_none());
        notes.extend(warnings.map(ToString::to_string));
        let mut result = Became::Registered;
        if !self.dry_run {
            let stored = stored_clients(&open_database(home, deployment).await?, std::sync::Arc::new(SystemClock));
            if stored.store().find(&client_id).await?.is_some() {
                result = Became::Exists;
            } else {
                stored.insert(record).await?;
            }
        }
        Ok(ClientLine { client_id, result, reason: None, notes })
    }
}

/// The rows of a file: of the clients, if it has them, and of their properties.
fn read_file(file: &Path) -> anyhow::Result<(Option<Vec<Row>>, Vec<Row>)> {
    let shown = file.display();
    let size = fs::metadata(file).with_context(|| format!("{shown} cannot be read"))?.len();
    anyhow::ensure!(size <= MAX_BYTES, "{shown} has {size} bytes; make a dump of the two tables only");
    let text = fs::read_to_string(file).with_context(|| format!("{shown} cannot be read as UTF-8"))?;
    if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        let read = |column| csv_table::read(&text, column).with_context(|| shown.to_string());
        return match read("PROPERTY_KEY")? {
            Some(properties) => Ok((None, properties)),
            None => Ok((read("CONSUMER_KEY")?, Vec::new())),
        };
    }
    let read = |table| dump::read(&text, table).with_context(|| shown.to_string());
    Ok((read(APPS)?, read(PROPERTIES)?.unwrap_or_default()))
}

/// The rows of the old database, which is only read.
async fn query(location: &Location) -> anyhow::Result<(Vec<Row>, Vec<Row>)> {
    anyhow::ensure!(
        !matches!(location, Location::Sqlite(_)),
        "the configuration names no PostgreSQL, MySQL or MariaDB server; make a dump of its database, and give it with \
         --clients (`--help` has the lines)"
    );
    let database = Database::foreign(location).await?;
    let apps = database.query(QUERY_APPS, Vec::new()).await.with_context(|| format!("{APPS} in {location}"))?;
    let properties = database.query(QUERY_PROPERTIES, Vec::new()).await.unwrap_or_default();
    Ok((rows(&apps, &APP_COLUMNS)?, rows(&properties, &PROPERTY_COLUMNS)?))
}

fn rows(found: &[dropins_database::Row], columns: &[&str]) -> anyhow::Result<Vec<Row>> {
    let row = |row: &dropins_database::Row| {
        let values = columns.iter().map(|column| Ok(((*column).to_owned(), row.optional_text(*column)?)));
        Ok(Row::new(values.collect::<anyhow::Result<Vec<_>>>()?))
    };
    found.iter().map(row).collect()
}

/// What cannot be done for the operator.
fn to_do(old: &Old, verb: &Wso2) -> Vec<String> {
    let deployment = &old.converted.deployment;
    let mut to_do = old.stores.problems.clone();
    if verb.clients.is_empty() && !verb.database {
        to_do.push("the clients were not read: give a dump with --clients, or --database".to_owned());
    }
    if let Some(https) = &deployment.transport.https {
        to_do.push(format!(
            "it will listen on {} with a certificate of its own: set [transport.https] listen, certificate_file and \
             private_key_file for others",
            https.listen
        ));
    }
    to_do.push("users and their passwords are not taken over: `dropins user add`".to_owned());
    to_do.push("tokens that the old server issued are not valid here, and people sign in again".to_owned());
    to_do.push(format!(
        "then `dropins check`; the old server in {} was not changed, and each must not serve the same clients at once, because \
         neither knows the assertions that the other has accepted",
        old.home.root().display()
    ));
    to_do
}
