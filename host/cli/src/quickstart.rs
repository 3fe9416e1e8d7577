//! `dropins quickstart`: the main job in one command, over real HTTPS.
//!
//! It exits with 1 unless the demonstration shows a token, then a rejected replay.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use dropins_keys::KeyFamily;
use serde_json::Value;

use super::init;
use super::keys::Pair;
use super::mint::Assertion;
use crate::output::say;
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_config::home::{Addresses, Home};
use dropins_config::{LogFormat, Logging};
use dropins_listener::Bound;
use dropins_protocol::names::JWT_BEARER;
use dropins_server::running::{Listeners, Running};
use dropins_telemetry::logging;

const CLIENT_ID: &str = "quickstart-client";

/// See the main job: a home, a client, a server, a token, a rejected replay.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins quickstart --once")]
pub(super) struct Quickstart {
    /// Make the home here and keep it, instead of in a temporary folder
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Exit after the demonstration
    #[arg(long)]
    once: bool,
}

impl Quickstart {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.demonstrate())
    }

    async fn demonstrate(self) -> anyhow::Result<ExitCode> {
        let warnings = Logging { format: LogFormat::Human, level: "warn".to_owned(), file: None };
        if let Some(configuration) = self.home.as_deref().map(|home| Home::new(home).deployment_toml()) {
            let shown = configuration.display();
            anyhow::ensure!(!configuration.exists(), "{shown} is there already; make the quickstart in another folder");
        }
        let temporary = tempfile::Builder::new().prefix("dropins-quickstart-").tempdir()?;
        let home = Home::new(self.home.as_deref().unwrap_or(temporary.path()));

        say(format_args!("1. a home with the plug-ins: {}", home.root().display()))?;
        logging::start(&home, &warnings, None)?;
        let pair = Pair::generate(KeyFamily::Rsa2048, CLIENT_ID, 365)?;
        // Bound from here on: another quickstart may begin at the same time.
        let https = Bound::near("transport.https.listen", 9443)?;
        let admin = Bound::near("transport.admin.listen", 9444)?;
        let addresses = Addresses { https: https.address(), admin: admin.address(), ..Addresses::default() };
        let password = prepare(&home, &pair, addresses)?;
        say(format_args!("2. a client with a fresh RSA key: {CLIENT_ID}"))?;

        let listeners = Listeners { https: Some(https), http: None, admin, authz: None };
        let running = Running::start_on(LoadedHome::read(&home, &[])?, listeners, Some(dropins_console::mount)).await?;
        let started = LoadedHome::read(&home, &[])?;
        let (issuer, token_endpoint) = (started.deployment.issuer(), started.deployment.endpoint("/oauth2/token"));
        say(format_args!("3. the server: {issuer} (administrator: admin, password: {password})"))?;

        let assertion = Assertion {
            client_id: CLIENT_ID,
            audience: issuer,
            lifetime: 300,
            algorithm: None,
            kid: None,
            typ: "JWT",
            jti: None,
            claims: &[],
        };
        let assertion = assertion.sign(&pair.key)?;
        let client = https_client(&home)?;
        let (status, answer) = post(&client, &token_endpoint, &assertion).await?;
        say(format_args!("4. the client authenticates with a signed assertion: HTTP {status}\n{answer:#}"))?;
        anyhow::ensure!(
            status == 200 && answer.get("access_token").is_some_and(Value::is_string),
            "the client should have got a token"
        );

        let (status, answer) = post(&client, &token_endpoint, &assertion).await?;
        say(format_args!("5. the same assertion once more: HTTP {status}\n{answer:#}"))?;
        anyhow::ensure!(
            status == 401 && answer.get("error").is_some_and(|error| error == "invalid_client"),
            "the replay should have been rejected"
        );

        if !self.once {
            say(curl_lines(&home, &token_endpoint)?)?;
            say("Ctrl-C stops the server.")?;
            tokio::signal::ctrl_c().await?;
        }
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the home with its client; returns the administrator's password.
fn prepare(home: &Home, pair: &Pair, addresses: Addresses) -> anyhow::Result<String> {
    let provider = format!(
        "[[service_provider]]\nclient_id = \"{CLIENT_ID}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         grant_types = [\"client_credentials\"]\ncertificate_file = \"{CLIENT_ID}.pem\"\n"
    );
    let report = init::make(home, false, addresses, &provider)?;
    pair.write(&home.conf(), CLIENT_ID)?;
    Ok(report.super_admin_password.expose().to_owned())
}

/// A client that trusts the server's own certificate and no other.
fn https_client(home: &Home) -> anyhow::Result<reqwest::Client> {
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(home.tls_certificate())?)?;
    let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10));
    Ok(builder.tls_certs_only([certificate]).build()?)
}

async fn post(client: &reqwest::Client, url: &str, assertion: &str) -> anyhow::Result<(u16, Value)> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_assertion_type", JWT_BEARER)
        .append_pair("client_assertion", assertion)
        .finish();
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
    let response = request.send().await.context("the server does not answer")?;
    let status = response.status().as_u16();
    Ok((status, serde_json::from_slice(&response.bytes().await?)?))
}

fn curl_lines(home: &Home, token_endpoint: &str) -> anyhow::Result<String> {
    let program = std::env::current_exe()?;
    let (program, root) = (program.display(), home.root().display());
    let key = home.conf().join(format!("{CLIENT_ID}-private.pem"));
    let certificate = home.tls_certificate();
    Ok(format!(
        "6. try it yourself:\n\
         \n  ASSERTION=$({program} assertion mint --home {root} --client-id {CLIENT_ID} --key {key})\
         \n  curl --cacert {certificate} {token_endpoint} \\\
         \n    -d grant_type=client_credentials \\\
         \n    -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \\\
         \n    -d client_assertion=$ASSERTION\
         \n\n  {program} assertion explain --home {root} $ASSERTION\
         \n  {program} status --home {root}\n",
        key = key.display(),
        certificate = certificate.display(),
    ))
}
