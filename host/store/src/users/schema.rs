//! The tables of users and of their consents.
//!
//! `USER_ID` is the subject of tokens: random, and never reused for another user. A user name may be reused.

/// Makes the tables of this room; see [`Schema`](dropins_database::Schema).
pub const MIGRATION: &str = "
    CREATE TABLE DROPINS_USER (
        USER_ID       {key}     NOT NULL PRIMARY KEY,
        USERNAME      {key}     NOT NULL,
        PASSWORD_HASH {text}    NOT NULL,
        ENABLED       {integer} NOT NULL,
        TIME_CREATED  {integer} NOT NULL,
        TIME_UPDATED  {integer} NOT NULL
    ) {options};
    CREATE UNIQUE INDEX DROPINS_USER_NAME ON DROPINS_USER (USERNAME);
    CREATE TABLE DROPINS_CONSENT (
        USER_ID      {key}     NOT NULL,
        CLIENT_ID    {key}     NOT NULL,
        SCOPES       {text}    NOT NULL,
        TIME_GRANTED {integer} NOT NULL,
        PRIMARY KEY (USER_ID, CLIENT_ID)
    ) {options};
    CREATE INDEX DROPINS_CONSENT_CLIENT ON DROPINS_CONSENT (CLIENT_ID)";
