//! Authorization codes: made by the authorization endpoint, redeemed once at the token endpoint (RFC 6749 section 4.1).
//!
//! A code belongs to a client, a redirect URI and a challenge. One conditional write decides who redeems it; what
//! follows from it is written in the same transaction, so that a second use always finds what it has to revoke. A wrong
//! client, URI or verifier consumes nothing. Only the client itself can have its tokens revoked by using a code again:
//! it authenticates, or shows the verifier.

use std::fmt;
use std::time::Duration;

use super::access_tokens::NewAccessToken;
use super::authorization::Authorization;
use super::families::{Family, FamilyId};
use super::opaque::{self, Kind};
use super::refresh_tokens::NewRefreshToken;
use super::store::Grants;
use super::{pkce, scope};
use dropins_database::{Row, StoreError, retry_on_conflict};

/// What a token request must repeat of the authorization request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Binding<'a> {
    /// The client that asks.
    pub client_id: &'a str,
    /// Whether it proved who it is; a public client cannot.
    pub authenticated: bool,
    /// The parameter `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// The parameter `code_verifier`.
    pub code_verifier: Option<&'a str>,
}

/// Without the parameters of the request.
impl fmt::Debug for Binding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client_id, authenticated, .. } = self;
        let mut shown = f.debug_struct("Binding");
        shown.field("client_id", client_id).field("authenticated", authenticated).finish_non_exhaustive()
    }
}

/// What is issued for a code besides an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long the access token will be valid.
    pub access_token: Duration,
    /// How long refresh tokens are valid; `None` without one.
    pub refresh_token: Option<Duration>,
}

/// A code that may be redeemed now, once.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// What was granted.
    pub family: Family,
    /// The `nonce` of the authorization request.
    pub nonce: Option<String>,
    terms: Terms,
    hash: String,
}

/// Without the code, and without what the request brought.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("family", &self.family).field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// Why a code is not redeemed; for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// This server does not know it, or not any more.
    #[error("the code is unknown")]
    Unknown,
    /// It belongs to another client.
    #[error("the code belongs to the client `{owner}`")]
    OtherClient {
        /// Whose it is.
        owner: String,
    },
    /// It is too old.
    #[error("the code expired at {at}")]
    Expired {
        /// Seconds since the Unix epoch.
        at: u64,
    },
    /// The redirect URI is not that of the authorization request.
    #[error("the redirect_uri is missing or differs from that of the authorization request")]
    RedirectUri,
    /// The verifier is not that of the challenge, or one of them is missing.
    #[error("the code_verifier does not fit the code_challenge of the authorization request")]
    Verifier,
    /// It was redeemed before; what followed from it is revoked now.
    #[error("the code was used before: what was issued for it is revoked")]
    Reused,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A code as it is in the database.
struct StoredCode {
    family: FamilyId,
    client_id: String,
    subject: String,
    scope: String,
    redirect_uri: String,
    redirect_uri_given: bool,
    code_challenge: Option<String>,
    nonce: Option<String>,
    auth_time: u64,
    expires_at: u64,
    used: bool,
}

impl StoredCode {
    const SELECT: &str = "SELECT FAMILY_ID, CLIENT_ID, SUBJECT, SCOPE, REDIRECT_URI, REDIRECT_URI_GIVEN, \
                          CODE_CHALLENGE, NONCE, AUTH_TIME, EXPIRES_AT, USED_AT \
                          FROM DROPINS_AUTHORIZATION_CODE WHERE CODE_HASH = ?";

    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            family: FamilyId::stored(row.text("FAMILY_ID")?),
            client_id: row.text("CLIENT_ID")?,
            subject: row.text("SUBJECT")?,
            scope: row.text("SCOPE")?,
            redirect_uri: row.text("REDIRECT_URI")?,
            redirect_uri_given: row.boolean("REDIRECT_URI_GIVEN")?,
            code_challenge: row.optional_text("CODE_CHALLENGE")?,
            nonce: row.optional_text("NONCE")?,
            auth_time: row.unsigned("AUTH_TIME")?,
            expires_at: row.unsigned("EXPIRES_AT")?,
            used: row.optional_integer("USED_AT")?.is_some(),
        })
    }

    fn check(&self, binding: &Binding<'_>) -> Result<(), CodeError> {
        let uri_fits = match binding.redirect_uri {
            Some(uri) => uri == self.redirect_uri,
            None => !self.redirect_uri_given,
        };
        if !uri_fits {
            return Err(CodeError::RedirectUri);
        }
        let proven = binding.authenticated || self.code_challenge.is_some();
        if !proven || !pkce::agree(self.code_challenge.as_deref(), binding.code_verifier) {
            return Err(CodeError::Verifier);
        }
        Ok(())
    }
}

impl Grants {
    /// Makes the code for what a user granted.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn issue_code(&self, authorization: Authorization) -> Result<String, StoreError> {
        let code = opaque::make(Kind::Code)?;
        let expires_at = self.now().saturating_add(authorization.validity.as_secs());
        let sql = "INSERT INTO DROPINS_AUTHORIZATION_CODE \
                   (CODE_HASH, FAMILY_ID, CLIENT_ID, SUBJECT, SCOPE, REDIRECT_URI, REDIRECT_URI_GIVEN, \
                   CODE_CHALLENGE, NONCE, AUTH_TIME, EXPIRES_AT, KEPT_UNTIL) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let values = vec![
            opaque::hash(&code).into(),
            FamilyId::new()?.as_str().into(),
            authorization.client_id.into(),
            authorization.subject.into(),
            authorization.scope.join(" ").into(),
            authorization.redirect_uri.into(),
            authorization.redirect_uri_given.into(),
            authorization.code_challenge.into(),
            authorization.nonce.into(),
            authorization.auth_time.into(),
            expires_at.into(),
            expires_at.into(),
        ];
        self.database.execute(sql, values).await?;
        Ok(code)
    }

    /// The code of this client, if it may be redeemed on these terms; if it was used before, what followed from it is
    /// revoked.
    ///
    /// # Errors
    /// [`CodeError`] says why not.
    pub async fn code(&self, code: &str, binding: Binding<'_>, terms: Terms) -> Result<Code, CodeError> {
        if !Kind::Code.matches(code) {
            return Err(CodeError::Unknown);
        }
        let hash = opaque::hash(code);
        let rows = self.database.query(StoredCode::SELECT, vec![hash.as_str().into()]).await?;
        let stored = StoredCode::of(rows.first().ok_or(CodeError::Unknown)?)?;
        if stored.client_id != binding.client_id {
            return Err(CodeError::OtherClient { owner: stored.client_id });
        }
        let fits = stored.check(&binding);
        if stored.used && (binding.authenticated || fits.is_ok()) {
            return Err(self.reused_code(&stored.family).await);
        }
        fits?;
        let now = self.now();
        if stored.expires_at <= now {
            return Err(CodeError::Expired { at: stored.expires_at });
        }
        let family = Family {
            id: stored.family,
            client_id: stored.client_id,
            subject: Some(stored.subject),
            scope: scope::owned(&stored.scope),
            auth_time: Some(stored.auth_time),
            expires_at: now.saturating_add(terms.refresh_token.unwrap_or(terms.access_token).as_secs()),
        };
        Ok(Code { family, nonce: stored.nonce, terms, hash })
    }

    /// Redeems the code, and stores what is issued for it: the refresh token that is returned, if its terms have one,
    /// and this access token.
    ///
    /// # Errors
    /// [`CodeError::Reused`] when another request redeemed it meanwhile: what followed from it is revoked.
    pub async fn redeem(
        &self,
        code: &Code,
        access_token: Option<&NewAccessToken>,
    ) -> Result<Option<String>, CodeError> {
        let (now, Code { family, terms, hash, .. }) = (self.now(), code);
        let kept_until = family.expires_at.max(now.saturating_add(terms.access_token.as_secs()));
        let token = match terms.refresh_token {
            Some(_) => Some(NewRefreshToken::make(family)?),
            None => None,
        };
        let redeemed = retry_on_conflict(|| async {
            let mut transaction = self.database.begin().await?;
            let sql = "UPDATE DROPINS_AUTHORIZATION_CODE SET USED_AT = ?, KEPT_UNTIL = ? \
                       WHERE CODE_HASH = ? AND USED_AT IS NULL";
            let values = vec![now.into(), kept_until.into(), hash.as_str().into()];
            if transaction.execute(sql, values).await? != 1 {
                return Ok(false);
            }
            family.insert(&mut transaction, now, kept_until).await?;
            if let Some(token) = &token {
                token.insert(&mut transaction, now).await?;
            }
            if let Some(access_token) = access_token {
                access_token.insert(&mut transaction).await?;
            }
            transaction.commit().await.map(|()| true)
        });
        match redeemed.await? {
            true => Ok(token.map(NewRefreshToken::show)),
            false => Err(self.reused_code(&family.id).await),
        }
    }

    async fn reused_code(&self, family: &FamilyId) -> CodeError {
        match self.revoke_family(family).await {
            Ok(()) => CodeError::Reused,
            Err(down) => down.into(),
        }
    }
}
