//! A client as it is printed, with the history of its keys.

use std::process::ExitCode;

use super::facts::Facts;
use super::registry::say as say_fault;
use crate::output::{say, say_json, say_table, say_warning};
use dropins_operations::clients::{ClientView, Done, KeyView, Registry, SubjectView};
use dropins_operations::shown::utc;

/// Prints a client for people.
pub(super) fn print(view: &ClientView) -> anyhow::Result<()> {
    let client = &view.client;
    let any = |text: Option<&str>| text.unwrap_or("any").to_owned();
    let overrides = view.overrides.iter().map(|(property, values)| format!("{property} = {}", values.join(" ")));
    for (title, text) in [
        ("client id", client.registration.id.clone()),
        ("name", client.name.clone().unwrap_or_default()),
        ("registered in", view.origin.name().to_owned()),
        ("enabled", if client.enabled { "yes" } else { "no" }.to_owned()),
        ("auth method", any(client.registration.auth_method.as_deref())),
        ("signing alg", any(client.registration.signing_alg.as_deref())),
        ("ID token alg", client.id_token_signed_response_alg.to_string()),
        ("grant types", client.grant_types.join(" ")),
        ("redirect URIs", client.redirect_uris.join(" ")),
        ("after logout", client.post_logout_redirect_uris.join(" ")),
        ("scope", client.scopes.join(" ")),
        ("secret", client.secret.as_ref().map_or("", |_| "argon2id hash").to_owned()),
        ("upstream", client.upstream.issuer.clone().unwrap_or_default()),
        ("id there", client.upstream.client_id.clone().unwrap_or_default()),
        ("secret there", client.upstream.secret.as_ref().map_or("", |_| "sealed").to_owned()),
        ("overrides", overrides.collect::<Vec<_>>().join(", ")),
        ("JWKS URI", client.keys.jwks_uri().unwrap_or_default().to_owned()),
        ("created", view.times.map(|(created, _)| utc(created)).unwrap_or_default()),
        ("changed", view.times.map(|(_, updated)| utc(updated)).unwrap_or_default()),
    ] {
        if !text.is_empty() {
            say(format_args!("{title:<14} {text}"))?;
        }
    }
    for SubjectView { pair, trusted } in &view.federated {
        let note = if *trusted { "" } else { " (not a trusted issuer)" };
        say(format_args!("{:<14} {pair}{note}", "known as"))?;
    }
    view.keyless.iter().try_for_each(|lack| say(format_args!("{:<14} {lack}", "keys")))?;
    if view.keys.is_empty() {
        return Ok(());
    }
    say("")?;
    let rows: Vec<_> = view.keys.iter().map(row).collect();
    say_table(&["KEY", "KID", "SOURCE", "KIND", "ALGORITHMS", "VALID UNTIL", "LAST USED"], &rows)
}

fn row(key: &KeyView) -> Vec<String> {
    let used = match (key.last_used, key.first_seen) {
        (Some(used), _) => utc(used),
        (None, Some(seen)) => format!("never since {}", utc(seen)),
        (None, None) => "never".to_owned(),
    };
    let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        key.thumbprint.clone(),
        dash(key.kid.clone()),
        key.shown_source(),
        dash(key.kind.clone()),
        dash((!key.algorithms.is_empty()).then(|| key.algorithms.join(" "))),
        dash(key.not_after.and_then(|until| u64::try_from(until).ok()).map(utc)),
        used,
    ]
}

/// Says what was `done` to a client, with its new secret, which cannot be shown again.
pub(super) async fn report(
    registry: &Registry,
    change: Done,
    done: &str,
    facts: &Facts,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let Done { record, secret, warnings, lack } = change;
    let warnings: Vec<_> = warnings.iter().map(|warning| say_fault(warning, facts)).chain(lack).collect();
    if json {
        let mut document = ClientView::of_record(registry, record).await?.to_json(&warnings);
        if let (Some(members), Some(secret)) = (document.as_object_mut(), &secret) {
            members.insert("client_secret".to_owned(), secret.expose().into());
        }
        say_json(&document)?;
        return Ok(ExitCode::SUCCESS);
    }
    say(format_args!("{done} the client {}", record.client_id))?;
    if let Some(secret) = secret {
        say(format_args!("client_secret {}\nit is not shown again: only its hash is kept", secret.expose()))?;
    }
    warnings.iter().try_for_each(say_warning)?;
    Ok(ExitCode::SUCCESS)
}
