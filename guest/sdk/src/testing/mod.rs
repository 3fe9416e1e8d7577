//! A server for the tests of a plug-in, made of values: clients, keys, trusted issuers and a clock.
//!
//! A test builds a [`TestRequest`], has a [`TestServer`] judge it, and looks at what came of it: [`Judged`]. It runs
//! natively under `cargo test`. As in the real server, a plug-in sees only the fields that it declares, and conditions
//! are settled after it has returned. In `Cargo.toml`:
//! `[dev-dependencies] dropins-plugin = { …, features = ["testing"] }`.
//!
//! ```
//! use dropins_plugin::testing::{TestClient, TestIssuer, TestKey, TestRequest, TestServer};
//! # use dropins_plugin::*;
//! #
//! # #[allow(unreachable_pub, dead_code, missing_docs, reason = "the macro declares what a plug-in exports")]
//! # mod rules {
//! #     dropins_plugin::rules! {
//! #         WrongKey "wrong-key" InvalidClient "The key is the client's." "our handbook" "Send the key.";
//! #     }
//! # }
//! # use rules::Reason;
//! # struct ApiKey;
//! # impl Authenticator for ApiKey {
//! #     type Reason = Reason;
//! #     type Policy = ();
//! #     const DESCRIPTION: Description = Description {
//! #         name: "api_key", aliases: &[], version: "1.0.0", summary: "A key in a header.",
//! #         methods: &["api_key"], reads: &["header:x-api-key"], assertion_types: &[],
//! #     };
//! #     fn policy(properties: Fields<'_, '_>) -> Result<(), Vec<Problem>> { property::none(properties) }
//! #     fn can_authenticate(_: Fields<'_, '_>, request: &Request<'_>) -> bool {
//! #         request.header_values("x-api-key").next().is_some()
//! #     }
//! #     fn claimed_client(_: &Request<'_>) -> Option<String> { None }
//! #     fn authenticate((): &(), request: &Request<'_>, _: &Services<'_>, _: &mut Report<Reason>)
//! #         -> Result<Authenticated<Reason>, Refusal<Reason>> {
//! #         let (id, secret) = request.header_values("x-api-key").next().and_then(|key| key.split_once(':')).unwrap();
//! #         let requirement = Requirement::Secret(secret.to_owned());
//! #         Ok(Authenticated {
//! #             client: Client { id: id.to_owned(), method: "api_key", attributes: Vec::new() },
//! #             conditions: vec![Condition { reason: Reason::WrongKey, requirement }],
//! #         })
//! #     }
//! # }
//! // `ApiKey` is an authenticator that reads `x-api-key: CLIENT:SECRET`.
//! let server = TestServer::default().client(TestClient::new("pump-7").secret("drip"));
//! let judged = server.judge::<ApiKey>(&TestRequest::default().header("X-API-Key", "pump-7:drip"));
//! assert_eq!(judged.verdict, "authenticated");
//! let judged = server.judge::<ApiKey>(&TestRequest::default().header("X-API-Key", "pump-7:drop"));
//! assert_eq!(judged.verdict, "wrong-key");
//! assert_eq!(server.judge::<ApiKey>(&TestRequest::default().form("code", "1")).verdict, "unclaimed");
//!
//! // Keys sign assertions; an issuer has keys of its own.
//! let key = TestKey::es256("2026-11");
//! let assertion = key.jws(r#"{"alg":"ES256","kid":"2026-11"}"#, r#"{"sub":"pump-7"}"#);
//! assert_eq!(assertion.split('.').count(), 3);
//! let server = server.issuer(TestIssuer::new("https://issuer.example", [key]));
//! assert_eq!(server.issuers.len(), 1);
//! ```

mod asked;
mod client;
mod judged;
mod key;
mod request;
mod server;
mod services;
mod settle;

pub use asked::{Asked, AskedHint};
pub use client::{TestClient, TestIssuer};
pub use judged::{Judged, Outcome};
pub use key::TestKey;
pub use request::TestRequest;
pub use server::{Consumed, TestServer};
