//! Asks the running server of a home, at the admin socket in that home and nowhere else, or at the URL of `--admin`.
//!
//! Every request carries the id of the home, so that a server of another home rejects it.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::args::HomeArgs;
use crate::output::{say, say_json, say_warning};
use dropins_config::LoadedHome;
use dropins_config::home::{HOME_HEADER, HomeId, HomeLock, SocketPath};
use dropins_reload::{Outcome, ReloadReport};
use dropins_server::admin::documents::ErrorDocument;

/// The token for `--admin URL` if the configuration names none.
const TOKEN_VARIABLE: &str = "DROPINS_ADMIN_TOKEN";

/// Compiling a component takes a second on a slow machine; several wait for each other.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends a request to the server of a home and returns its document.
pub(super) async fn ask<T: DeserializeOwned>(home: &HomeArgs, method: Method, path: &str) -> anyhow::Result<T> {
    match send(home, method, path).await? {
        Asked::Answered(answer) => answer.document(),
        Asked::NoServer(error) => Err(error),
    }
}

/// The same for a server that need not run: `None` if no server answers.
pub(super) async fn ask_if_running<T: DeserializeOwned>(
    home: &HomeArgs,
    method: Method,
    path: &str,
) -> anyhow::Result<Option<T>> {
    match send(home, method, path).await? {
        Asked::Answered(answer) => answer.document().map(Some),
        Asked::NoServer(_) => Ok(None),
    }
}

/// Asks for a reload or a rollback and prints the verdict; `Err` in the answer if no server runs.
pub(super) async fn verdict(
    home: &HomeArgs,
    path: &str,
    json: bool,
) -> anyhow::Result<Result<ExitCode, anyhow::Error>> {
    let answer = match send(home, Method::POST, path).await? {
        Asked::Answered(answer) => answer,
        Asked::NoServer(error) => return Ok(Err(error)),
    };
    let Ok(verdict) = serde_json::from_slice::<ReloadReport>(&answer.body) else { return Err(answer.rejection()) };
    if json {
        say_json(&verdict)?;
        return Ok(Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }));
    }
    let (summary, ReloadReport { result, needs_restart, warnings, reason, .. }) = (verdict.summary(), verdict);
    anyhow::ensure!(result != Outcome::Refused, "{summary}: {}", unlabelled(&reason.unwrap_or_default()));
    say(summary)?;
    if result == Outcome::RolledBack {
        say("pinned: what else the folders hold waits for `dropins reload` or a change")?;
    }
    needs_restart.iter().try_for_each(say)?;
    warnings.iter().try_for_each(say_warning)?;
    Ok(Ok(ExitCode::SUCCESS))
}

/// Whether the server takes requests; the error says why it does not, or that there is none.
pub(super) async fn readiness(home: &HomeArgs) -> anyhow::Result<()> {
    let answer = match send(home, Method::GET, "/readyz").await? {
        Asked::Answered(answer) => answer,
        Asked::NoServer(error) => return Err(error),
    };
    let said = String::from_utf8_lossy(&answer.body);
    anyhow::ensure!(answer.status.is_success(), "not ready: {}", said.trim().replace('\n', "; "));
    Ok(())
}

/// What a server answered.
struct Answer {
    url: String,
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    fn document<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        anyhow::ensure!(self.status.is_success(), self.rejection());
        let other = || format!("{} gives no answer of this version of dropins", self.url);
        serde_json::from_slice(&self.body).with_context(other)
    }

    fn rejection(&self) -> anyhow::Error {
        let reason = serde_json::from_slice(&self.body).map(|ErrorDocument { error }| error);
        let reason = reason.as_deref().unwrap_or("it gives no reason");
        anyhow::anyhow!("{} answers {}: {reason}", self.url, self.status)
    }
}

enum Asked {
    Answered(Answer),
    /// The error says where a server was looked for.
    NoServer(anyhow::Error),
}

async fn send(home: &HomeArgs, method: Method, path: &str) -> anyhow::Result<Asked> {
    let folder = home.home();
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    // The certificate that `init` made is its own authority.
    let own = std::fs::read(folder.tls_certificate()).ok().and_then(|pem| reqwest::Certificate::from_pem(&pem).ok());
    let client = match own.filter(|_| home.admin.is_some()) {
        Some(own) => client.tls_certs_merge([own]),
        None => client,
    };
    // The path of a socket is valid while the value lives.
    let socket = match &home.admin {
        Some(_) => None,
        None => SocketPath::of(&folder).ok(),
    };
    let (client, url, place) = match (&home.admin, &socket) {
        (Some(url), _) => (client, format!("{}{path}", url.trim_end_matches('/')), url.clone()),
        (None, Some(socket)) => {
            let place = folder.admin_socket().display().to_string();
            (client.unix_socket(socket.as_path().to_owned()), format!("http://localhost{path}"), place)
        }
        (None, None) => return no_server(home, anyhow::anyhow!("{} is not there", folder.tmp().display())),
    };
    let mut request = client.build()?.request(method, &url);
    if let Some(id) = HomeId::read(&folder) {
        request = request.header(HOME_HEADER, id.as_str());
    }
    if home.admin.is_some()
        && let Some(token) = token(home)
    {
        request = request.bearer_auth(token);
    }
    match request.send().await {
        Ok(response) if response.status() == StatusCode::UNAUTHORIZED => {
            if let Err(error) = LoadedHome::read(&folder, &home.properties) {
                let reason = unlabelled(&error.to_string()).to_owned();
                anyhow::bail!(
                    "{place} asks for the admin token, and the configuration, which names it, cannot be used; \
                     give the token in {TOKEN_VARIABLE}, or repair the configuration: {reason}"
                );
            }
            read(format!("{place}{path}"), response).await
        }
        Ok(response) => read(format!("{place}{path}"), response).await,
        Err(error) if error.is_connect() => no_server(home, anyhow::anyhow!("nothing listens at {place}")),
        Err(error) => Err(error).with_context(|| format!("{place} does not answer")),
    }
}

/// The token for an address: of the configuration, or of the environment if the configuration does not name one.
fn token(home: &HomeArgs) -> Option<String> {
    let configured = LoadedHome::read(&home.home(), &home.properties).ok();
    let configured = configured.and_then(|read| read.deployment.transport.admin.token);
    configured.map(|token| token.expose().to_owned()).or_else(|| std::env::var(TOKEN_VARIABLE).ok())
}

/// No server answers. A mistake in the configuration, which keeps the home from being served, is told instead.
fn no_server(home: &HomeArgs, cause: anyhow::Error) -> anyhow::Result<Asked> {
    let folder = home.home();
    LoadedHome::read(&folder, &home.properties)?;
    let last =
        HomeLock::last_process(&folder).map_or_else(String::new, |process| format!(" (last: process {process})"));
    let root = folder.root().display();
    Ok(Asked::NoServer(anyhow::anyhow!(
        "no server answers for {root}{last}: {cause}; if none is running, start it with `dropins serve --home {root}`"
    )))
}

/// A reason that renders itself begins with a label, which has no place within a sentence.
fn unlabelled(reason: &str) -> &str {
    match reason.split_once(": ") {
        Some((label, rest)) if label == "error" || (label.starts_with("error[") && label.ends_with(']')) => rest,
        _ => reason,
    }
}

async fn read(url: String, response: Response) -> anyhow::Result<Asked> {
    Ok(Asked::Answered(Answer { url, status: response.status(), body: response.bytes().await?.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_label_of_a_reason_is_cut_off() {
        for (reason, sentence) in [
            ("error: x.wasm: it is no component", "x.wasm: it is no component"),
            ("error[bad-value]: `a` is true or false\n --> f:1:2", "`a` is true or false\n --> f:1:2"),
            ("there is no generation before", "there is no generation before"),
            ("errors.wasm: it is no component", "errors.wasm: it is no component"),
        ] {
            assert_eq!(unlabelled(reason), sentence);
        }
    }
}
