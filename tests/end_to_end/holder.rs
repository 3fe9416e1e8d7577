//! A client with all grants, its codes and tokens. Codes are written into the home's database as by the authorization
//! endpoint, which has tests of its own.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_config::Home;
use dropins_config::LoadedHome;
use dropins_database::Database;
use dropins_host::services::{Clock, SystemClock};
use dropins_live::open_database;
use dropins_store::grants::{Authorization, Grants};
use dropins_store::users::Users;
use serde_json::{Value, json};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::server::{ASSERTION_TYPE, Server};

/// The redirect URI of the documented command lines.
pub(crate) const REDIRECT_URI: &str = "http://localhost:8080/playground2/oauth2client";
/// The example of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A client that holds codes and tokens.
pub(crate) struct Holder {
    pub(crate) client: TestClient,
    home: TestHome,
}

impl Holder {
    /// A client that may use all grants, with a key.
    pub(crate) fn register(home: &TestHome, id: &str) -> Self {
        Self::register_for(home, id, "\"client_credentials\", \"authorization_code\", \"refresh_token\"")
    }

    /// The same with these grants only.
    pub(crate) fn register_for(home: &TestHome, id: &str, grants: &str) -> Self {
        let client = TestClient::unregistered(home, id);
        let jwks = json!({ "keys": [client.key.public_jwk()] });
        std::fs::write(home.conf(&format!("{id}.jwks.json")), jwks.to_string()).unwrap();
        home.append(&format!(
            "[[service_provider]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
             grant_types = [{grants}]\nredirect_uris = [\"{REDIRECT_URI}\"]\nscope = \"read write\"\n\
             jwks_file = \"{id}.jwks.json\"\n"
        ));
        Self { client, home: home.clone() }
    }

    /// The same client in the database; a running server is not told.
    pub(crate) fn store(home: &TestHome, id: &str) -> Self {
        let client = TestClient::unregistered(home, id);
        let file = home.path(&format!("{id}.jwks.json"));
        std::fs::write(&file, json!({ "keys": [client.key.public_jwk()] }).to_string()).unwrap();
        let grants = ["client_credentials", "authorization_code", "refresh_token"];
        let grants = grants.iter().flat_map(|grant| ["--grant-type", grant]);
        let facts = ["--jwks", file.to_str().unwrap(), "--redirect-uri", REDIRECT_URI, "--scope", "read write"];
        let line: Vec<_> = ["client", "add", id].into_iter().chain(facts).chain(grants).collect();
        home.dropins(&line).succeeded();
        Self { client, home: home.clone() }
    }

    /// What a user granted to this client.
    pub(crate) fn authorization(&self) -> Authorization {
        Authorization {
            client_id: self.client.id.clone(),
            subject: user(&self.home),
            scope: ["openid", "read", "write"].map(str::to_owned).to_vec(),
            redirect_uri: REDIRECT_URI.to_owned(),
            redirect_uri_given: true,
            code_challenge: Some(CHALLENGE.to_owned()),
            nonce: Some("n-0S6".to_owned()),
            auth_time: crate::client::now(),
            validity: Duration::from_secs(60),
        }
    }

    /// A fresh code for this client.
    pub(crate) fn code(&self) -> String {
        issue_code(&self.home, self.authorization())
    }

    /// A post with a fresh assertion.
    pub(crate) fn post(&self, server: &Server, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(server, path, &self.client.mint(), fields)
    }

    /// A post with this assertion.
    pub(crate) fn post_with(&self, server: &Server, path: &str, assertion: &str, fields: &[(&str, &str)]) -> Answer {
        let credential = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)];
        server.http().send(Request::form(server.url(path), &[&credential[..], fields].concat()))
    }

    /// Redeems a code.
    pub(crate) fn redeem(&self, server: &Server, code: &str) -> Answer {
        self.post(server, "/oauth2/token", &redemption(code))
    }

    /// The tokens for a fresh code.
    pub(crate) fn tokens(&self, server: &Server) -> Value {
        self.redeem(server, &self.code()).token()
    }

    /// Uses a refresh token.
    pub(crate) fn refresh(&self, server: &Server, token: &str) -> Answer {
        self.post(server, "/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// What the server says about a token.
    pub(crate) fn introspect(&self, server: &Server, token: &str) -> Value {
        let answer = self.post(server, "/oauth2/introspect", &[("token", token)]);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Whether a token is active.
    pub(crate) fn is_active(&self, server: &Server, token: &str) -> bool {
        self.introspect(server, token)["active"] == true
    }
}

/// The parameters that redeem a code.
pub(crate) fn redemption(code: &str) -> [(&str, &str); 4] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)]
}

/// The id of the user that the first start makes of the administrator.
pub(crate) fn user(home: &TestHome) -> String {
    in_database(home, async |database, clock| {
        let users = Users::new(database, clock).list().await.unwrap();
        users.into_iter().find(|user| user.name == "admin").unwrap().id
    })
}

/// A code in the home's database.
pub(crate) fn issue_code(home: &TestHome, authorization: Authorization) -> String {
    in_database(home, async |database, clock| Grants::new(database, clock).issue_code(authorization).await.unwrap())
}

fn in_database<T>(home: &TestHome, work: impl AsyncFnOnce(Database, Arc<dyn Clock>) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let LoadedHome { home, deployment, .. } = LoadedHome::read(&Home::new(home.root()), &[]).unwrap();
        work(open_database(&home, &deployment).await.unwrap(), Arc::new(SystemClock)).await
    })
}

/// A member of a token response.
pub(crate) fn text<'a>(response: &'a Value, name: &str) -> &'a str {
    response[name].as_str().unwrap_or_else(|| panic!("no {name} in {response}"))
}

/// A part of a signed token: 0 is the header, 1 are the claims.
pub(crate) fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}
