//! Asks the running server over its admin listener.
//!
//! Where that is stands in a file that the running server writes, and in the configuration. The file comes first while
//! the server lives: the configuration may be broken, name an address that waits for a restart, or one at which a server
//! of another home listens.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::args::HomeArgs;
use crate::output::{member, say};
use dropins_config::LoadedHome;
use dropins_config::home::{AdminAddress, Announced};

/// The token when the configuration, which names it, cannot be read.
const TOKEN_VARIABLE: &str = "DROPINS_ADMIN_TOKEN";

/// Compiling a component takes a second on a slow machine; several wait for each other.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends a request to the server of a home and returns the JSON answer.
pub(super) async fn ask(home: &HomeArgs, method: Method, path: &str) -> anyhow::Result<Value> {
    let (url, status, answer) = match send(home, method, path).await? {
        Asked::Answered(url, status, answer) => (url, status, answer),
        Asked::Nobody(error) => return Err(error),
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
        Ok(Asked::Nobody(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Asks for a reload or a rollback and prints the verdict; none when nobody answers, an error when it is refused.
pub(super) async fn verdict(home: &HomeArgs, path: &str, json: bool) -> anyhow::Result<Option<()>> {
    let (url, status, verdict) = match send(home, Method::POST, path).await? {
        Asked::Answered(url, status, answer) => (url, status, answer),
        Asked::Nobody(_) => return Ok(None),
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
        return crate::output::say_json(&verdict).map(Some);
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
    Ok(Some(()))
}

enum Asked {
    Answered(String, StatusCode, Value),
    /// The error says where a server was looked for.
    Nobody(anyhow::Error),
}

async fn send(home: &HomeArgs, method: Method, path: &str) -> anyhow::Result<Asked> {
    let started = LoadedHome::read(&home.home(), &home.properties);
    let admin = started.as_ref().ok().map(|started| &started.deployment.transport.admin);
    let token = match admin {
        Some(admin) => admin.token.as_ref().map(|token| token.expose().to_owned()),
        None => std::env::var(TOKEN_VARIABLE).ok(),
    };
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let mut nobody = None;
    for address in addresses(AdminAddress::read(&home.home()), admin.map(|admin| admin.listen)) {
        let url = format!("http://{address}{path}");
        let mut request = client.request(method.clone(), &url);
        if let Some(token) = &token {
            request = request.bearer_auth(token);
        }
        match request.send().await {
            Ok(response) if response.status() == StatusCode::UNAUTHORIZED => {
                if let Err(error) = started {
                    let reason = unlabelled(&error.to_string()).to_owned();
                    anyhow::bail!(
                        "{url} asks for the admin token, and the configuration, which names it, cannot be used; \
                         give the token in {TOKEN_VARIABLE}, or repair the configuration: {reason}"
                    );
                }
                return read(url, response).await;
            }
            Ok(response) => return read(url, response).await,
            Err(error) if error.is_connect() => {
                let error = anyhow::Error::new(error);
                nobody.get_or_insert(error.context(format!("no server answers at {url}; is `dropins serve` running?")));
            }
            Err(error) => return Err(error).with_context(|| format!("{url} does not answer")),
        }
    }
    // Nobody runs, and the configuration says why nobody could.
    started?;
    Ok(Asked::Nobody(nobody.unwrap_or_else(|| anyhow::anyhow!("no server runs"))))
}

/// Where to ask, one after the other.
fn addresses(announced: Option<Announced>, configured: Option<SocketAddr>) -> Vec<SocketAddr> {
    let (alive, unsure) = match announced {
        Some(Announced::Alive(address)) => (Some(address), None),
        Some(Announced::Unsure(address)) => (None, Some(address)),
        None => (None, None),
    };
    let mut addresses: Vec<SocketAddr> = [alive, configured, unsure].into_iter().flatten().collect();
    addresses.dedup();
    addresses
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
    fn the_announced_address_comes_first_only_while_its_server_lives() {
        let [announced, configured] = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(addresses(Some(Announced::Alive(announced)), Some(configured)), [announced, configured]);
        assert_eq!(addresses(Some(Announced::Unsure(announced)), Some(configured)), [configured, announced]);
        assert_eq!(addresses(Some(Announced::Alive(announced)), Some(announced)), [announced]);
        assert_eq!(addresses(Some(Announced::Unsure(announced)), None), [announced]);
        assert_eq!(addresses(None, Some(configured)), [configured]);
    }

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
