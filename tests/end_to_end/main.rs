//! The program `dropins` from the outside: real processes, real HTTPS, real files, and clients of other people.
//!
//! Every test has a home of its own in a temporary folder, with ports of its own on 127.0.0.1. Nothing sleeps: tests
//! poll with a deadline. A missing tool skips its tests with a line on standard error, unless DROPINS_REQUIRE_ALL=1.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod accepting;
mod apache;
mod attempt;
mod behind;
mod client;
mod database_server;
mod document_host;
#[path = "../../host/tests/host/fixtures.rs"]
#[allow(dead_code, reason = "the tests of the host use the rest")]
mod fixtures;
mod flood;
mod holder;
mod home;
mod http;
mod issuer_host;
mod key_host;
#[allow(dead_code, reason = "tests/load uses the rest")]
mod load;
mod operator;
mod plain;
mod program;
mod server;
#[path = "../../host/replay/tests/servers/mod.rs"]
mod servers;
mod upstream;
mod wait;

mod admin;
mod audience;
mod authlib;
mod authorization_code;
mod authorize;
mod authz;
mod backup;
mod bad_input;
mod browser;
mod client_id_metadata;
mod clients;
mod clocks;
mod cluster;
mod command_line;
mod compile_bomb;
mod configuration;
mod console;
mod contract_page;
mod crash;
mod databases;
mod documentation;
mod exhaustion;
mod explain;
mod federated;
mod full_disk;
mod gateway;
mod gateway_attacks;
mod gateway_failures;
mod gateway_load;
mod gateway_metadata;
mod identity_database;
mod installing;
mod introspection;
mod jwks_uri;
mod keys;
mod keystores;
mod limits_http;
mod logout;
mod logs;
mod metadata;
mod migrate;
mod monitoring;
mod neighbours;
mod node_oidc_provider;
mod openapi;
mod openid_client;
mod par;
mod plugin_authors;
mod plugin_test;
mod post_quantum;
mod process;
mod profiles;
mod rate_limit;
mod readme;
mod refresh;
mod registration;
mod rejection;
mod reload;
mod replay;
mod retry;
mod revocation;
mod secrets;
mod service;
mod shadow;
mod snippets;
mod swap;
mod telemetry;
mod token;
mod token_algorithms;
