//! Asks the running server of a home, at the admin socket in that home and nowhere else, or at the URL of `--admin`.
//!
//! Every request carries the id of the home, so that a server of another home rejects it.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::args::HomeArgs;
use crate::output::{member, say};
use dropins_config::LoadedHome;
use dropins_config::home::{HOME_HEADER, HomeId, HomeLock, SocketPath};

/// The token for `--admin URL` if the configuration names none.
const TOKEN_VARIABLE: &str = "DROPINS_ADMIN_TOKEN";

/// Compiling a component takes a second on a slow machine; several wait for each other.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends a request to the server of a home and returns the JSON answer.
pub(super) async fn ask(home: &HomeArgs, method: Method, path: &str) -> anyhow::Result<Value> {
    let (url, status, answer) = match send(home, method, path).await? {
        Asked::Answered(url, status, answer) => (url, status, answer),
        Asked::NoServer(error) => return Err(error),
    };
    let reason = member(&answer, "error").as_str().unwrap_or("it gives no reason");
    anyhow::ensure!(status.is_success(), "{url} answers {status}: {reason}");
    Ok(answer)
}

/// The same for a server that need not run: none when nobody answers.
pub(super) async fn ask_if_running(home: &HomeArgs, method: Method, path: &str) -> anyhow::Result<Option<Value>> {
    match send(home, method, path).await {
        Ok(Asked::Answered(_, StatusCode::OK, answer)) => Ok(Some(answer)),
        Ok(Asked::Answered(url, status, answer)) => {
            let reason = member(&answer, "error").as_str().unwrap_or("it gives no reason");
            anyhow::bail!("{url} answers {status}: {reason}")
        }
        Ok(Asked::NoServer(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Asks for a reload or a rollback and prints the verdict; `Err` in the answer if no server runs.
pub(super) async fn verdict(home: &HomeArgs, path: &str, json: bool) -> anyhow::Result<Result<(), anyhow::Error>> {
    let (url, status, verdict) = match send(home, Method::POST, path).await? {
        Asked::Answered(url, status, answer) => (url, status, answer),
        Asked::NoServer(error) => return Ok(Err(error)),
    };
    let text = |name: &str| member(&verdict, name).as_str().unwrap_or_default().to_owned();
    let lines = |name: &str| member(&verdict, name).as_array().cloned().unwrap_or_default();
    let generation = member(&verdict, "generation");
    if text("result") == "refused" {
        if json {
            crate::output::say_json(&verdict)?;
        }
        anyhow::bail!("refused, generation {generation} stays live: {}", unlabelled(&text("error")));
    }
    anyhow::ensure!(status.is_success(), "{url} answers {status}: {}", text("error"));
    if json {
        return crate::output::say_json(&verdict).map(Ok);
    }
    let changes: Vec<_> = lines("changes").iter().filter_map(|line| line.as_str().map(str::to_owned)).collect();
    let changes = if changes.is_empty() { String::new() } else { format!(": {}", changes.join(", ")) };
    match text("result").as_str() {
        "unchanged" => say(format_args!("unchanged: generation {generation} is live"))?,
        "rolled_back" => {
            say(format_args!("rolled back to generation {generation}{changes}"))?;
            say("pinned: the contents of the folders wait for `dropins reload` or a change; a restart takes them")?;
        }
        _ => say(format_args!("published generation {generation}{changes}"))?,
    }
    for held in lines("needs_restart") {
        say(held.as_str().unwrap_or_default())?;
    }
    for warning in lines("warnings") {
        say(format_args!("warning: {}", warning.as_str().unwrap_or_default()))?;
    }
    Ok(Ok(()))
}

enum Asked {
    Answered(String, StatusCode, Value),
    /// The error says where a server was looked for.
    NoServer(anyhow::Error),
}

async fn send(home: &HomeArgs, method: Method, path: &str) -> anyhow::Result<Asked> {
    let folder = home.home();
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
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

/// No server answers. A home that cannot be served for a mistake in its configuration is told so instead.
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
    let status = response.status();
    let answer = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    Ok(Asked::Answered(url, status, answer))
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
