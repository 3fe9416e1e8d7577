//! The tables of grants.
//!
//! Codes, tokens and `request_uri`s are stored only as their SHA-256. Grants of a client or a user are revoked by the
//! indices on `CLIENT_ID` and `SUBJECT`; `DROPINS_REMOVED_CLIENT` outlives the signed tokens of a removed client, which have
//! no row.

/// Makes the tables of this room; see [`Schema`](dropins_database::Schema).
pub const MIGRATION: &str = "
    CREATE TABLE DROPINS_TOKEN_FAMILY (
        FAMILY_ID    {key}     NOT NULL PRIMARY KEY,
        CLIENT_ID    {key}     NOT NULL,
        SUBJECT      {key},
        SCOPE        {text}    NOT NULL,
        AUTH_TIME    {integer},
        TIME_CREATED {integer} NOT NULL,
        EXPIRES_AT   {integer} NOT NULL,
        KEPT_UNTIL   {integer} NOT NULL,
        REVOKED_AT   {integer}
    ) {options};
    CREATE INDEX DROPINS_TOKEN_FAMILY_KEPT ON DROPINS_TOKEN_FAMILY (KEPT_UNTIL);
    CREATE INDEX DROPINS_TOKEN_FAMILY_CLIENT ON DROPINS_TOKEN_FAMILY (CLIENT_ID);
    CREATE INDEX DROPINS_TOKEN_FAMILY_SUBJECT ON DROPINS_TOKEN_FAMILY (SUBJECT);

    CREATE TABLE DROPINS_AUTHORIZATION_CODE (
        CODE_HASH          {key}     NOT NULL PRIMARY KEY,
        FAMILY_ID          {key}     NOT NULL,
        CLIENT_ID          {key}     NOT NULL,
        SUBJECT            {key}     NOT NULL,
        SCOPE              {text}    NOT NULL,
        REDIRECT_URI       {text}    NOT NULL,
        REDIRECT_URI_GIVEN {integer} NOT NULL,
        CODE_CHALLENGE     {text},
        NONCE              {text},
        AUTH_TIME          {integer} NOT NULL,
        EXPIRES_AT         {integer} NOT NULL,
        KEPT_UNTIL         {integer} NOT NULL,
        USED_AT            {integer}
    ) {options};
    CREATE INDEX DROPINS_AUTHORIZATION_CODE_KEPT ON DROPINS_AUTHORIZATION_CODE (KEPT_UNTIL);
    CREATE INDEX DROPINS_AUTHORIZATION_CODE_CLIENT ON DROPINS_AUTHORIZATION_CODE (CLIENT_ID);
    CREATE INDEX DROPINS_AUTHORIZATION_CODE_SUBJECT ON DROPINS_AUTHORIZATION_CODE (SUBJECT);

    CREATE TABLE DROPINS_REFRESH_TOKEN (
        TOKEN_HASH   {key}     NOT NULL PRIMARY KEY,
        FAMILY_ID    {key}     NOT NULL,
        TIME_CREATED {integer} NOT NULL,
        EXPIRES_AT   {integer} NOT NULL,
        USED_AT      {integer}
    ) {options};
    CREATE INDEX DROPINS_REFRESH_TOKEN_EXPIRES ON DROPINS_REFRESH_TOKEN (EXPIRES_AT);

    CREATE TABLE DROPINS_ACCESS_TOKEN (
        TOKEN_HASH   {key}     NOT NULL PRIMARY KEY,
        TOKEN_ID     {key}     NOT NULL,
        CLIENT_ID    {key}     NOT NULL,
        SUBJECT      {key}     NOT NULL,
        SCOPE        {text}    NOT NULL,
        TIME_CREATED {integer} NOT NULL,
        EXPIRES_AT   {integer} NOT NULL
    ) {options};
    CREATE INDEX DROPINS_ACCESS_TOKEN_EXPIRES ON DROPINS_ACCESS_TOKEN (EXPIRES_AT);

    CREATE TABLE DROPINS_REVOKED_TOKEN (
        TOKEN_ID   {key}     NOT NULL PRIMARY KEY,
        EXPIRES_AT {integer} NOT NULL
    ) {options};
    CREATE INDEX DROPINS_REVOKED_TOKEN_EXPIRES ON DROPINS_REVOKED_TOKEN (EXPIRES_AT);

    CREATE TABLE DROPINS_PUSHED_REQUEST (
        REQUEST_HASH {key}     NOT NULL PRIMARY KEY,
        CLIENT_ID    {key}     NOT NULL,
        CONTENT      {text}    NOT NULL,
        EXPIRES_AT   {integer} NOT NULL
    ) {options};
    CREATE INDEX DROPINS_PUSHED_REQUEST_EXPIRES ON DROPINS_PUSHED_REQUEST (EXPIRES_AT);
    CREATE INDEX DROPINS_PUSHED_REQUEST_CLIENT ON DROPINS_PUSHED_REQUEST (CLIENT_ID);

    CREATE TABLE DROPINS_REMOVED_CLIENT (
        CLIENT_ID  {key}     NOT NULL PRIMARY KEY,
        REMOVED_AT {integer} NOT NULL,
        KEPT_UNTIL {integer} NOT NULL
    ) {options};
    CREATE INDEX DROPINS_REMOVED_CLIENT_KEPT ON DROPINS_REMOVED_CLIENT (KEPT_UNTIL)";
