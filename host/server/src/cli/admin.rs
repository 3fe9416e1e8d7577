//! Asks the running server over its admin listener.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::Method;
use serde_json::Value;

use super::member;
use crate::config::Deployment;

/// Sends a request to the admin listener of a deployment and returns the JSON answer.
pub(super) async fn ask(deployment: &Deployment, method: Method, path: &str) -> anyhow::Result<Value> {
    let admin = &deployment.transport.admin;
    let url = format!("http://{}{path}", admin.listen);
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let mut request = client.request(method, &url);
    if let Some(token) = &admin.token {
        request = request.bearer_auth(token.expose());
    }
    let response = request.send().await;
    let response = response.with_context(|| format!("no server answers at {url}; is `dropins serve` running?"))?;
    let status = response.status();
    let answer: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    let reason = member(&answer, "error").as_str().unwrap_or("it gives no reason");
    anyhow::ensure!(status.is_success(), "{url} answers {status}: {reason}");
    Ok(answer)
}
