//! The tables of sessions and of the server's sealing key.
//!
//! `SESSION_HASH` is the SHA-256 of the browser's cookie, so a reader of the table cannot take over a session. `EXPIRES_AT`
//! moves with each use of the session.

/// Makes the tables of this room; see [`Schema`](dropins_database::Schema).
pub const MIGRATION: &str = "
    CREATE TABLE DROPINS_SESSION (
        SESSION_HASH {key}     NOT NULL PRIMARY KEY,
        USER_ID      {key}     NOT NULL,
        AUTH_TIME    {integer} NOT NULL,
        EXPIRES_AT   {integer} NOT NULL
    ) {options};
    CREATE INDEX DROPINS_SESSION_EXPIRY ON DROPINS_SESSION (EXPIRES_AT);
    CREATE INDEX DROPINS_SESSION_USER ON DROPINS_SESSION (USER_ID);
    CREATE TABLE DROPINS_SEALING_KEY (
        ONLY_ROW   {integer} NOT NULL PRIMARY KEY,
        KEY_BASE64 {text}    NOT NULL
    ) {options}";
