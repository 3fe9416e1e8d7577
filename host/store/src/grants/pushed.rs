//! Authorization requests that clients sent ahead (RFC 9126).
//!
//! A request URI is a secret of 256 bits, kept as a hash; it is taken once, by the client that pushed the request. A
//! wrong client takes nothing and consumes nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dropins_services::Clock;

use super::opaque::{self, Kind};
use dropins_database::{Database, Row, StoreError, Value, retry_on_conflict};

/// How long a pushed request waits for the user (RFC 9126 section 2.2).
const VALIDITY: Duration = Duration::from_secs(60);

const INSERT: &str =
    "INSERT INTO DROPINS_PUSHED_REQUEST (REQUEST_HASH, CLIENT_ID, CONTENT, EXPIRES_AT) VALUES (?, ?, ?, ?)";

/// How many requests of a client wait for their users.
const OPEN: &str = "SELECT count(*) FROM DROPINS_PUSHED_REQUEST WHERE CLIENT_ID = ? AND EXPIRES_AT > ?";

/// Authorization requests that wait for their users.
#[derive(Clone)]
pub struct PushedRequests {
    database: Database,
    clock: Arc<dyn Clock>,
}

/// What the client of a pushed request is told (RFC 9126 section 2.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The reference to the request.
    pub request_uri: String,
    /// How long it is valid.
    pub expires_in: Duration,
}

/// Without the reference, which is a secret.
impl fmt::Debug for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushed").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl PushedRequests {
    /// Requests that are kept in this database.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Keeps the text of a request for the client that pushed it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn push(&self, client_id: &str, request: String) -> Result<Pushed, StoreError> {
        let (pushed, values) = self.pushed(client_id, request)?;
        self.database.execute(INSERT, values).await.map(|_| pushed)
    }

    /// The same for a client that anyone can push for. Returns `None` if `bound` requests of it wait for their users; on
    /// every node together, it never has more.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn push_within(
        &self,
        bound: u64,
        client_id: &str,
        request: String,
    ) -> Result<Option<Pushed>, StoreError> {
        if count(&self.database.query(OPEN, self.open_of(client_id)).await?)? >= bound {
            return Ok(None);
        }
        let (pushed, values) = self.pushed(client_id, request)?;
        let kept = retry_on_conflict(|| async {
            let mut transaction = self.database.begin().await?;
            // Pushes wait for each other at this row, so that each counts those before it.
            transaction.execute("UPDATE DROPINS_CLIENT_VERSION SET LATEST = LATEST", Vec::new()).await?;
            if count(&transaction.query(OPEN, self.open_of(client_id)).await?)? >= bound {
                return Ok(false);
            }
            transaction.execute(INSERT, values.clone()).await?;
            transaction.commit().await.map(|()| true)
        });
        Ok(kept.await?.then_some(pushed))
    }

    fn pushed(&self, client_id: &str, request: String) -> Result<(Pushed, Vec<Value>), StoreError> {
        let reference = opaque::make(Kind::PushedRequest)?;
        let expires_at = self.clock.now_seconds().saturating_add(VALIDITY.as_secs());
        let values = vec![opaque::hash(&reference).into(), client_id.into(), request.into(), expires_at.into()];
        Ok((Pushed { request_uri: reference, expires_in: VALIDITY }, values))
    }

    /// The values of [`OPEN`].
    fn open_of(&self, client_id: &str) -> Vec<Value> {
        vec![client_id.into(), self.clock.now_seconds().into()]
    }

    /// Takes the text that this client pushed under this URI. Returns `None` if there is none, or it was taken or expired.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be asked or the row is damaged.
    pub async fn take(&self, request_uri: &str, client_id: &str) -> Result<Option<String>, StoreError> {
        if !Kind::PushedRequest.matches(request_uri) {
            return Ok(None);
        }
        let row: Vec<Value> = vec![opaque::hash(request_uri).into(), client_id.into()];
        let sql = "SELECT CONTENT, EXPIRES_AT FROM DROPINS_PUSHED_REQUEST WHERE REQUEST_HASH = ? AND CLIENT_ID = ?";
        let found = self.database.query(sql, row.clone()).await?;
        let Some(found) = found.first() else { return Ok(None) };
        // The caller that deletes the row has taken the request.
        let sql = "DELETE FROM DROPINS_PUSHED_REQUEST WHERE REQUEST_HASH = ? AND CLIENT_ID = ?";
        let taken = self.database.execute(sql, row).await? == 1;
        if !taken || found.unsigned("EXPIRES_AT")? <= self.clock.now_seconds() {
            return Ok(None);
        }
        found.text("CONTENT").map(Some)
    }
}

fn count(rows: &[Row]) -> Result<u64, StoreError> {
    rows.first().map_or(Ok(0), |row| row.unsigned(0))
}
