//! Opens a PostgreSQL database.

use super::connection::Connector;
use super::tables::PostgresTables;
use crate::migrations;
use crate::open_error::OpenError;
use crate::schema::Schema;
use crate::server::Server;
use crate::server_url::ServerUrl;
use crate::timeouts::TIMEOUT;

pub(crate) async fn open(url: &ServerUrl, schema: &Schema) -> Result<Server<Connector>, OpenError> {
    let connector = Connector::new(url, TIMEOUT)?;
    let client = connector.open().await?;
    migrations::migrate(&mut PostgresTables::new(&client, &connector.database), schema).await?;
    Ok(Server::new(connector))
}

/// Opens a database whose tables are another program's.
pub(crate) async fn foreign(url: &ServerUrl) -> Result<Server<Connector>, OpenError> {
    let connector = Connector::new(url, TIMEOUT)?;
    connector.open().await?;
    Ok(Server::new(connector))
}

/// What [`open`] would change.
pub(crate) async fn plan(url: &ServerUrl, schema: &Schema) -> Result<Vec<String>, OpenError> {
    let connector = Connector::new(url, TIMEOUT)?;
    let client = connector.open().await?;
    migrations::plan(&mut PostgresTables::new(&client, &connector.database), schema).await
}
