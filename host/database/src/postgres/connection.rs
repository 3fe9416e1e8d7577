//! Sessions on the primary of a PostgreSQL database.
//!
//! A session rejects a read-only server, waits for no lock and no statement longer than half a decision may take, and
//! commits durably whatever the server's default is. TLS verifies chain and host name.

use std::{error::Error as _, io, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject};
use tokio_postgres::{
    Client, Config, NoTls, SimpleQueryMessage,
    config::{SslMode, TargetSessionAttrs},
    error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    error::StoreError,
    open_error::OpenError,
    server_url::{ServerUrl, Tls},
    sessions::Connect,
};

/// Begins sessions.
#[derive(Clone)]
pub struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    /// How long a decision may take.
    pub timeout: Duration,
    /// The address for messages.
    pub database: String,
}

impl Connector {
    /// Sessions on the database with this address. Does not connect yet.
    ///
    /// # Errors
    /// [`OpenError::BadUrl`].
    pub fn new(url: &ServerUrl, timeout: Duration) -> Result<Self, OpenError> {
        let bad = |error: tokio_postgres::Error| OpenError::BadUrl { detail: describe(&error) };
        let mut config: Config = url.for_driver("postgresql").parse().map_err(bad)?;
        let tls = url.tls().map(trust).transpose()?.map(MakeRustlsConnect::new);
        config
            .ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable })
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(timeout / 2)
            .tcp_user_timeout(timeout);
        if config.get_application_name().is_none() {
            config.application_name("dropins");
        }
        Ok(Self { config, tls, timeout, database: url.shown() })
    }

    /// A session, for which a task of this runtime works.
    ///
    /// # Errors
    /// As the driver's, which rejects a server that is read-only; [`describe`] tells them without values.
    pub fn connect(&self) -> BoxFuture<'_, Result<Client, tokio_postgres::Error>> {
        Box::pin(async move {
            let client = match &self.tls {
                Some(tls) => {
                    let (client, connection) = self.config.connect(tls.clone()).await?;
                    tokio::spawn(connection);
                    client
                }
                None => {
                    let (client, connection) = self.config.connect(NoTls).await?;
                    tokio::spawn(connection);
                    client
                }
            };
            let wait = (self.timeout / 2).as_millis().max(1);
            let settings = format!(
                "SET statement_timeout = {wait}; SET lock_timeout = {wait};
             SET idle_in_transaction_session_timeout = {wait}; SET default_transaction_isolation = 'read committed';
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
            );
            client.batch_execute(&settings).await?;
            Ok(client)
        })
    }

    /// The first session, on a server that is fit to remember.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do.
    pub fn open(&self) -> BoxFuture<'_, Result<Client, OpenError>> {
        Box::pin(async move {
            let connected = tokio::time::timeout(self.timeout.max(Duration::from_secs(5)), self.connect()).await;
            let late = |_| OpenError::Unreachable { database: self.database.clone(), detail: "no answer".to_owned() };
            let client = connected.map_err(late)?.map_err(|error| meaning(&self.database, &error))?;
            let encoding = self.setting(&client, "server_encoding").await?;
            if encoding != "UTF8" {
                let detail = format!("its encoding is {encoding}; make it with ENCODING 'UTF8'");
                return Err(OpenError::Unfit { database: self.database.clone(), detail });
            }
            Ok(client)
        })
    }

    /// A setting with which this server, though fit, can lose commits.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be asked.
    pub fn risk<'a>(&'a self, client: &'a Client) -> BoxFuture<'a, Result<Option<&'static str>, OpenError>> {
        Box::pin(async move {
            let off = self.setting(client, "fsync").await? == "off";
            Ok(off.then_some("fsync is off: a power failure can make used assertions valid again"))
        })
    }

    async fn setting(&self, client: &Client, name: &str) -> Result<String, OpenError> {
        let row = client.query_one("SELECT current_setting($1)", &[&name]).await;
        row.and_then(|row| row.try_get(0)).map_err(|error| meaning(&self.database, &error))
    }
}

impl Connect for Connector {
    type Session = Client;

    async fn connect(&self) -> Result<Client, StoreError> {
        Self::connect(self).await.map_err(|error| StoreError::unavailable(describe(&error)))
    }

    async fn is_on_primary(&self, session: &mut Client) -> bool {
        is_on_primary(session).await
    }

    fn is_lost(&self, session: &Client) -> bool {
        session.is_closed()
    }
}

/// Whether the server takes writes. A former primary still answers reads.
pub fn is_on_primary(client: &Client) -> BoxFuture<'_, bool> {
    Box::pin(async move {
        let shown = client.simple_query("SHOW transaction_read_only").await.unwrap_or_default();
        let mut rows = shown.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        !client.is_closed() && rows.next() == Some("off")
    })
}

/// The configuration that trusts the named certificates, or else those of the system.
fn trust(tls: &Tls) -> Result<ClientConfig, OpenError> {
    let mut roots = RootCertStore::empty();
    let bad = |detail: String| OpenError::BadUrl { detail };
    match &tls.roots {
        Some(path) => {
            let unusable = |error: &dyn std::fmt::Display| bad(format!("sslrootcert {}: {error}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(&error))? {
                let certificate = certificate.map_err(|error| unusable(&error))?;
                roots.add(certificate).map_err(|error| unusable(&error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(bad("there is no certificate to trust; name one with sslrootcert".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|error| bad(error.to_string()))?.with_root_certificates(roots).with_no_client_auth())
}

/// What happened: the server's own sentence and code, or else the driver's and its causes. Never the `DETAIL` of the
/// server, which repeats values.
pub fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        return format!("{} ({})", server.message(), server.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Whether the transaction lost a conflict with another one: it was rolled back and may be repeated.
pub fn is_conflict(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(code) if [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE].contains(code))
}

/// The meaning of an error while the store is opened.
pub fn meaning(database: &str, error: &tokio_postgres::Error) -> OpenError {
    let (database, detail) = (database.to_owned(), describe(error));
    match error.code() {
        None if is_refused_as_read_only(error) => OpenError::ReadOnly { database },
        Some(code) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => OpenError::ReadOnly { database },
        None => OpenError::without_answer(database, error, detail),
        Some(code) if *code == SqlState::CANNOT_CONNECT_NOW || *code == SqlState::TOO_MANY_CONNECTIONS => {
            OpenError::Unreachable { database, detail }
        }
        Some(_) => OpenError::Refused { database, detail },
    }
}

/// The driver's own rejection has the kind of an error of the operating system, but none of its numbers.
fn is_refused_as_read_only(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::PermissionDenied && cause.raw_os_error().is_none())
}
