//! The tables in a MariaDB or MySQL database, changed under a named lock.
//!
//! Changes of tables cannot be rolled back here. An interrupted step begins again.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error};

use super::connection::meaning;
use crate::dialect::Dialect;
use crate::migrations::Tables;
use crate::open_error::OpenError;

/// Answers 1. Names of locks belong to the whole server, so the database is part of it.
const LOCK: &str = "SELECT GET_LOCK(CONCAT('dropins-schema-', MD5(DATABASE())), 300)";
const UNLOCK: &str = "DO RELEASE_LOCK(CONCAT('dropins-schema-', MD5(DATABASE())))";

const COLUMNS: &str = "
    SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";

/// The table (1050), the column (1060), the index (1061) or the row (1062) exists already.
const DONE: &[u16] = &[1050, 1060, 1061, 1062];

/// The tables in a database. The lock ends with the session at the latest.
pub struct MysqlTables<'a> {
    session: &'a mut Conn,
    database: &'a str,
}

impl<'a> MysqlTables<'a> {
    /// The tables in the database of this session.
    pub fn new(session: &'a mut Conn, database: &'a str) -> Self {
        Self { session, database }
    }

    fn meant<T>(&self, done: Result<T, Error>) -> Result<T, OpenError> {
        done.map_err(|error| meaning(self.database, &error))
    }
}

#[async_trait::async_trait]
impl Tables for MysqlTables<'_> {
    fn database(&self) -> String {
        self.database.to_owned()
    }

    /// Keys are `VARBINARY`, because even the binary collations ignore blanks at the end.
    fn dialect(&self) -> Dialect {
        Dialect {
            key: "VARBINARY(255)",
            text: "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            integer: "BIGINT",
            options: "ENGINE = InnoDB",
        }
    }

    async fn lock(&mut self) -> Result<(), OpenError> {
        let locked = self.session.query_first::<Option<u8>, _>(LOCK).await;
        if self.meant(locked)?.flatten() == Some(1) {
            return Ok(());
        }
        let detail = "another node has been changing the tables for five minutes".to_owned();
        Err(OpenError::Unreachable { database: self.database.to_owned(), detail })
    }

    async fn columns(&mut self, table: &str) -> Result<Vec<String>, OpenError> {
        let columns = self.session.exec(COLUMNS, (table,)).await;
        self.meant(columns)
    }

    async fn number(&mut self, sql: &str) -> Result<Option<u64>, OpenError> {
        let number = self.session.query_first::<Option<u64>, _>(sql).await;
        Ok(self.meant(number)?.flatten())
    }

    async fn run(&mut self, statement: &str, repeatable: bool) -> Result<(), OpenError> {
        match self.session.query_drop(statement).await {
            Err(Error::Server(server)) if repeatable && DONE.contains(&server.code) => Ok(()),
            done => self.meant(done),
        }
    }

    async fn unlock(&mut self) -> Result<(), OpenError> {
        let unlocked = self.session.query_drop(UNLOCK).await;
        self.meant(unlocked)
    }
}
