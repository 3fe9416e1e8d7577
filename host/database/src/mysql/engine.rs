//! Opens a MariaDB or MySQL database.

use super::connection::Connector;
use super::tables::MysqlTables;
use crate::migrations;
use crate::open_error::OpenError;
use crate::schema::Schema;
use crate::server::Server;
use crate::server_url::ServerUrl;
use crate::timeouts::TIMEOUT;

/// Prepared statements of one session: more than this program has.
const STATEMENTS: usize = 128;

pub(crate) async fn open(url: &ServerUrl, schema: &Schema) -> Result<Server<Connector>, OpenError> {
    let connector = Connector::new(url, TIMEOUT)?.prepared(STATEMENTS);
    let mut session = connector.open().await?;
    migrations::migrate(&mut MysqlTables::new(&mut session, &connector.database), schema).await?;
    session.disconnect().await.ok();
    Ok(Server::new(connector))
}

/// Opens a database whose tables are another program's.
pub(crate) async fn foreign(url: &ServerUrl) -> Result<Server<Connector>, OpenError> {
    let connector = Connector::new(url, TIMEOUT)?;
    connector.open().await?.disconnect().await.ok();
    Ok(Server::new(connector))
}

/// What [`open`] would change.
pub(crate) async fn plan(url: &ServerUrl, schema: &Schema) -> Result<Vec<String>, OpenError> {
    let connector = Connector::new(url, TIMEOUT)?;
    let mut session = connector.open().await?;
    let plan = migrations::plan(&mut MysqlTables::new(&mut session, &connector.database), schema).await?;
    session.disconnect().await.ok();
    Ok(plan)
}
