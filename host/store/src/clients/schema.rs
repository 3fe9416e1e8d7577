//! The tables of clients and of their keys.
//!
//! Lists are JSON arrays, because they are only ever read as a whole. `ID_TOKEN_SIGNED_RESPONSE_ALG` is NULL for the
//! default of the standard. `UPSTREAM_CLIENT_SECRET` is sealed. `DROPINS_FEDERATED_SUBJECT` has each pair of `FEDERATED`
//! with its client, so that a subject is one client on all nodes; `PAIR` is the digest of issuer and subject, which may
//! be longer than a key. `DROPINS_CLIENT_VERSION` has one row, with the number of the latest change. A change locks the
//! row until its commit, so changes are numbered in the order in which they become visible. An operator who changes a
//! client by hand adds one to it; every node then reads all clients again.

/// Makes the tables of this room; see [`Schema`](dropins_database::Schema).
pub const MIGRATION: &str = "
    CREATE TABLE DROPINS_CLIENT (
        CLIENT_ID                    {key}     NOT NULL PRIMARY KEY,
        CLIENT_NAME                  {text},
        ENABLED                      {integer} NOT NULL,
        AUTH_METHOD                  {text},
        SIGNING_ALG                  {text},
        ID_TOKEN_SIGNED_RESPONSE_ALG {text},
        GRANT_TYPES                  {text}    NOT NULL,
        REDIRECT_URIS                {text}    NOT NULL,
        POST_LOGOUT_REDIRECT_URIS    {text}    NOT NULL,
        SCOPES                       {text}    NOT NULL,
        SECRET_HASH                  {text},
        CERTIFICATE                  {text},
        JWKS                         {text},
        JWKS_URI                     {text},
        OVERRIDES                    {text}    NOT NULL,
        UPSTREAM                     {text},
        UPSTREAM_CLIENT_ID           {text},
        UPSTREAM_CLIENT_SECRET       {text},
        FEDERATED                    {text}    NOT NULL,
        REGISTRATION_TOKEN           {text},
        REVISION                     {integer} NOT NULL,
        TIME_CREATED                 {integer} NOT NULL,
        TIME_UPDATED                 {integer} NOT NULL
    ) {options};
    CREATE TABLE DROPINS_FEDERATED_SUBJECT (
        PAIR      {key} NOT NULL PRIMARY KEY,
        CLIENT_ID {key} NOT NULL
    ) {options};
    CREATE INDEX IDX_DROPINS_FEDERATED_CLIENT ON DROPINS_FEDERATED_SUBJECT (CLIENT_ID);
    CREATE TABLE DROPINS_CLIENT_CHANGE (
        VERSION   {integer} NOT NULL PRIMARY KEY,
        CLIENT_ID {key}     NOT NULL
    ) {options};
    CREATE TABLE DROPINS_CLIENT_VERSION (
        ONLY_ROW {integer} NOT NULL PRIMARY KEY,
        LATEST   {integer} NOT NULL
    ) {options};
    INSERT INTO DROPINS_CLIENT_VERSION (ONLY_ROW, LATEST) VALUES (1, 0);
    CREATE TABLE DROPINS_KEY_USE (
        CLIENT_ID  {key}     NOT NULL,
        THUMBPRINT {key}     NOT NULL,
        SOURCE     {text}    NOT NULL,
        FIRST_SEEN {integer} NOT NULL,
        LAST_USED  {integer},
        PRIMARY KEY (CLIENT_ID, THUMBPRINT)
    ) {options}";
