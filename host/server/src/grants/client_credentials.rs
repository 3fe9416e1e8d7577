//! The client credentials grant (RFC 6749 section 4.4): a client that acts for itself.
//!
//! Without a refresh token nothing is written for it, unless access tokens are opaque.

use serde_json::Value;

use super::issue::{self, Issue};
use super::{Asking, Refusal, scope};

pub(super) const GRANT_TYPE: &str = "client_credentials";

/// Issues an access token; an id token and a refresh token where the operator allows them.
pub(super) async fn answer(asking: Asking<'_>) -> Result<Value, Refusal> {
    let allowed = &asking.live.deployment.oauth.client_credentials;
    let requested = asking.form.get("scope").unwrap_or_default();
    let scope = scope::registered(requested, &asking.client.registered().scopes, allowed.allow_id_token);
    let validity = issue::refresh_token_validity(&asking).filter(|_| allowed.allow_refresh_tokens);
    let (grants, client) = (&asking.app.grants, asking.client);
    let family = validity.map(|validity| grants.family_of_client(client.id(), &scope, validity)).transpose()?;
    let issued = issue::make(&asking, &Issue { family: family.as_ref(), scope: &scope, nonce: None })?;
    let refresh_token = match (&family, issued.opaque()) {
        (Some(family), opaque) => {
            let access_token = issue::access_token_validity(&asking, false);
            Some(grants.start_family(family, client.key(), access_token, opaque).await?)
        }
        (None, Some(opaque)) => {
            grants.store_opaque(opaque).await?;
            None
        }
        (None, None) => None,
    };
    Ok(issued.hand_out(refresh_token))
}
