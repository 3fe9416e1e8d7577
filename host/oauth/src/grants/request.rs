//! A token request of an authenticated client, and what it takes to answer one.

use dropins_config::OAuth;
use dropins_protocol::Form;
use dropins_store::grants::Grants;
use dropins_store::users::Users;

use crate::authenticated::Authenticated;
use crate::clients::Directory;
use crate::tokens::TokenSigner;

/// What grants need of the server.
pub struct GrantServices<'a> {
    /// Codes, refresh tokens and opaque access tokens.
    pub grants: &'a Grants,
    /// The users.
    pub users: &'a Users,
    /// The clients.
    pub clients: &'a Directory,
    /// Signs tokens.
    pub signer: TokenSigner<'a>,
    /// `[oauth]`.
    pub policy: &'a OAuth,
}

/// A token request.
#[derive(Clone, Copy)]
pub struct TokenRequest<'a> {
    /// The client.
    pub client: &'a Authenticated,
    /// The parameters.
    pub form: &'a Form,
    /// What answers it.
    pub services: &'a GrantServices<'a>,
}
