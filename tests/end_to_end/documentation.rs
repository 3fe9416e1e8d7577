//! The steps of the original documentation of WSO2 Identity Server, with keytool, openssl and curl.
//!
//! Commands are word for word those of the pages, with two differences: values for the places in angle brackets, and
//! the flags that keep keytool and openssl from asking questions.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::client::now;
use crate::home::TestHome;
use crate::program::{Finished, command, installed, run};
use crate::server::Server;

pub(crate) const CLIENT_ID: &str = "nwU59qy9AsDqftmwLcfmkvOhvuYa";

const KEY_STEPS: [&str; 5] = [
    "keytool -genkey -alias <client_ID> -keyalg RSA -keystore TodayApp.jks \
     -storepass wso2carbon -keypass wso2carbon -dname CN=hasintha,O=WSO2",
    "keytool -export -alias <client_ID> -file nwU59qy9AsDqftmwLcfmkvOhvuYa -keystore TodayApp.jks -storepass wso2carbon",
    "keytool -importkeystore -srckeystore TodayApp.jks -destkeystore TodayApp.p12 -deststoretype PKCS12 \
     -srcstorepass wso2carbon -deststorepass wso2carbon",
    "openssl pkcs12 -in TodayApp.p12 -nokeys -out pubcert.pem -passin pass:wso2carbon",
    "openssl pkcs12 -in TodayApp.p12 -nodes -nocerts -out privatekey.pem -passin pass:wso2carbon",
];

/// The listener entry and the cache entry of the page, in the form with a `properties` table.
const LISTENER: &str = r#"[[event_listener]]
id = "private_key_jwt_authenticator"
type = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler"
name = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator"
order = "899"
[event_listener.properties]
PreventTokenReuse= true
RejectBeforeInMinutes= "100"
TokenEndpointAlias= "sampleurl""#;

/// `POST` is not a method here but the name of a host: curl fails on it and goes on to the real URL.
pub(crate) const CURL: &str = r#"curl -v POST -H "Content-Type: application/x-www-form-urlencoded;charset=ISO-8859-1" -k -d "grant_type=client_credentials&scope=openid&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=<jwt_assertion>&redirect_uri=<callback_url>" https://<IS_HOST>:<IS_PORT>/oauth2/token"#;

/// A home with the documented client, and the folder in which its keys were made.
fn documented() -> Option<TestHome> {
    if !installed(&["keytool", "openssl", "curl"]) {
        return None;
    }
    let home = TestHome::new();
    make_keys(&home);
    home.replace_listener(LISTENER);
    home.replace(
        "name = \"PrivateKeyJWT\"\ntimeout = 300\ncapacity = 5000",
        "name=\"PrivateKeyJWT\"\ntimeout=\"10\"\ncapacity=\"5000\"",
    );
    home.replace("allow_id_token = false", "allow_id_token = true # to get id_token for client_credential type");
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"{CLIENT_ID}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         grant_types = [\"client_credentials\"]\nredirect_uris = [\"http://localhost:8080/playground2/oauth2client\"]\n\
         certificate_file = \"pubcert.pem\"\n"
    ));
    Some(home)
}

/// Makes the client's keys in the folder of the configuration.
pub(crate) fn make_keys(home: &TestHome) {
    for step in KEY_STEPS {
        shell(&home.conf(""), &step.replace("<client_ID>", CLIENT_ID)).succeeded();
    }
}

pub(crate) fn shell(folder: &Path, line: &str) -> Finished {
    run(command("sh").args(["-c", line]).current_dir(folder))
}

/// Header and claims of the page, signed with the private key by openssl.
pub(crate) fn assertion(home: &TestHome, jti: &str) -> String {
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": "piraveena" });
    let claims = json!({
        "iss": CLIENT_ID, "sub": CLIENT_ID, "exp": now() + 3600, "iat": now(), "jti": jti, "aud": home.token_endpoint(),
    });
    let input = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    std::fs::write(home.conf("input"), &input).unwrap();
    shell(&home.conf(""), "openssl dgst -sha256 -sign privatekey.pem -out signature input").succeeded();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(std::fs::read(home.conf("signature")).unwrap()))
}

fn curl(home: &TestHome, assertion: &str) -> Finished {
    let line = CURL.replace("<jwt_assertion>", assertion).replace("<IS_HOST>", "localhost");
    let line = line.replace("<callback_url>", "http://localhost:8080/playground2/oauth2client");
    shell(&home.conf(""), &line.replace("<IS_PORT>", &home.https.port().to_string()))
}

#[test]
fn the_documented_steps_lead_to_a_token_and_an_id_token() {
    let Some(home) = documented() else { return };
    let _server = Server::start(&home);
    let assertion = assertion(&home, "10003");
    let answer = curl(&home, &assertion).succeeded();
    let token = answer.json();
    assert_eq!((&token["token_type"], &token["scope"]), (&"Bearer".into(), &"openid".into()), "{answer:?}");
    let claims = token["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["sub"]),
        (&home.issuer().into(), &CLIENT_ID.into(), &CLIENT_ID.into())
    );
    assert!(answer.stderr.contains("POST /oauth2/token"), "{}", answer.stderr);

    assert_eq!(curl(&home, &assertion).succeeded().json()["error"], "invalid_client", "the same once more");
    let alias = self::assertion(&home, "10004");
    assert!(curl(&home, &alias).succeeded().json()["access_token"].is_string());
}

#[test]
fn the_page_for_migrants_has_the_documented_lines() {
    let page = crate::readme::page("docs/how-to/migrate-from-wso2.md");
    for line in [CURL, crate::browser::CURL] {
        assert!(page.lines().any(|written| written == line), "{line}");
    }
    // The flags that answer the questions of keytool and openssl are ours.
    let asks = |word: &&str| !word.starts_with("-storepass") && !word.starts_with("-keypass");
    for step in KEY_STEPS {
        let documented = step.split(' ').filter(asks).take(4).collect::<Vec<_>>().join(" ");
        assert!(page.contains(&documented), "{documented}");
    }
}

#[test]
fn without_prevention_an_assertion_is_good_until_it_expires() {
    let Some(home) = documented() else { return };
    home.replace("PreventTokenReuse= true", "PreventTokenReuse= false");
    let _server = Server::start(&home);
    let assertion = assertion(&home, "10003");
    for _ in 0..3 {
        assert!(curl(&home, &assertion).succeeded().json()["access_token"].is_string());
    }
}

#[test]
fn a_signature_of_another_key_is_rejected() {
    let Some(home) = documented() else { return };
    let _server = Server::start(&home);
    shell(&home.conf(""), "openssl genrsa -out privatekey.pem 2048").succeeded();
    assert_eq!(curl(&home, &assertion(&home, "10003")).succeeded().json()["error"], "invalid_client");
}
