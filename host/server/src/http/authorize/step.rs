//! What a request needs next: a person, a consent, or nothing more.
//!
//! The answer follows from the ticket, the session and what was allowed before, at every step anew; no page is trusted
//! to come after another one.

use super::tickets::Ticket;
use axum::response::Response;

use super::page;
use super::problem::Problem;
use super::see_other::see_other;
use super::visit::Visit;
use dropins_oauth::authorization::{AuthorizationRequest, Prompt};
use dropins_oauth::clients::RegisteredClient;
use dropins_protocol::ErrorCode;
use dropins_store::grants::Authorization;
use dropins_store::sessions::Session;
use dropins_telemetry::audit;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Somebody signs in.
    SignIn,
    /// The person allows the client what it asks for.
    Consent,
    /// The client is given a code.
    Code,
    /// A page would be needed, and the client forbids pages.
    Refuse(ErrorCode, &'static str),
}

/// What comes next for this ticket; `allowed` tells whether the person allowed all of it before.
pub(super) fn next(ticket: &Ticket, session: Option<&Session>, allowed: bool, now: u64) -> Next {
    let request = &ticket.request;
    let silent = request.prompts(Prompt::None);
    if session.is_none_or(|session| must_sign_in(ticket, session, now)) {
        return if silent { Next::Refuse(ErrorCode::LoginRequired, "Nobody is signed in") } else { Next::SignIn };
    }
    if request.prompts(Prompt::Consent) || !allowed {
        let refused = Next::Refuse(ErrorCode::ConsentRequired, "The person has not allowed this before");
        return if silent { refused } else { Next::Consent };
    }
    Next::Code
}

/// Whether the session is not enough (OpenID Connect Core section 3.1.2.3).
pub(super) fn must_sign_in(ticket: &Ticket, session: &Session, now: u64) -> bool {
    let request = &ticket.request;
    let too_old = request.max_age.is_some_and(|max_age| now.saturating_sub(session.auth_time) > max_age);
    !ticket.signed_in && (request.prompts(Prompt::Login) || request.prompts(Prompt::SelectAccount) || too_old)
}

/// Takes the next step.
pub(super) async fn proceed(visit: &Visit, ticket: Ticket) -> Result<Response, Problem> {
    let client = visit.client_of(&ticket).await?;
    let session = visit.session().await?;
    let allowed = match &session {
        Some(session) => has_allowed(visit, &client, &ticket.request, session).await?,
        None => false,
    };
    match (next(&ticket, session.as_ref(), allowed, visit.pages.services.clock.now_seconds()), session) {
        (Next::Refuse(code, description), _) => Err(Problem::refused(&ticket.request, code, description)),
        (Next::Consent, Some(session)) => page::consent(visit, &client, &ticket, &session).await,
        (Next::Code, Some(session)) => give_code(visit, ticket.request, &session).await,
        (_, session) => page::sign_in(visit, &client, &ticket, session.as_ref()).await,
    }
}

/// Whether the person need not be asked again. A client that anybody can pretend to be is asked about every time
/// (RFC 8252 section 8.6).
async fn has_allowed(
    visit: &Visit,
    client: &RegisteredClient,
    request: &AuthorizationRequest,
    session: &Session,
) -> Result<bool, Problem> {
    if client.is_public() && !request.redirect_uri.starts_with("https://") {
        return Ok(false);
    }
    Ok(visit.pages.services.users.has_allowed(&session.user.id, &request.client_id, &request.scope).await?)
}

/// Sends the browser back to the client with a code.
pub(super) async fn give_code(
    visit: &Visit,
    request: AuthorizationRequest,
    session: &Session,
) -> Result<Response, Problem> {
    let return_to = request.return_to();
    audit::authorized(&visit.reference, &request.client_id, &session.user.id, &request.scope);
    let authorization = Authorization {
        client_id: request.client_id,
        subject: session.user.id.clone(),
        scope: request.scope,
        redirect_uri: request.redirect_uri,
        redirect_uri_given: request.redirect_uri_given,
        code_challenge: request.code_challenge,
        nonce: request.nonce,
        auth_time: session.auth_time,
        validity: visit.live.deployment.oauth.validity.authorization_code,
    };
    let code = visit.pages.services.grants.issue_code(authorization).await?;
    Ok(see_other(&return_to.with_code(&code, &visit.live.endpoints.issuer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_store::users::User;

    fn ticket(prompt: &[Prompt], max_age: Option<u64>, signed_in: bool) -> Ticket {
        let request = AuthorizationRequest {
            client_id: "app".to_owned(),
            redirect_uri: "https://app.example/cb".to_owned(),
            redirect_uri_given: true,
            scope: Vec::new(),
            state: None,
            nonce: None,
            code_challenge: None,
            prompt: prompt.to_vec(),
            max_age,
            login_hint: None,
        };
        Ticket { request, signed_in }
    }

    #[test]
    fn every_step_follows_from_ticket_session_and_consent() {
        use Prompt::{Consent, Login, SelectAccount};
        let user = User { id: "u".to_owned(), name: "jane".to_owned(), enabled: true, created_at: 0, updated_at: 0 };
        let session = Session { user, auth_time: 1_000 };
        let old = Some(&session);
        for (prompt, max_age, signed_in, session, allowed, step) in [
            (&[][..], None, false, None, false, Next::SignIn),
            (&[], None, true, None, true, Next::SignIn),
            (&[], None, false, old, false, Next::Consent),
            (&[], None, false, old, true, Next::Code),
            (&[Login], None, false, old, true, Next::SignIn),
            (&[Login], None, true, old, true, Next::Code),
            (&[SelectAccount], None, false, old, true, Next::SignIn),
            (&[Consent], None, false, old, true, Next::Consent),
            (&[Login, Consent], None, true, old, true, Next::Consent),
            (&[], Some(60), false, old, true, Next::Code),
            (&[], Some(59), false, old, true, Next::SignIn),
            (&[], Some(0), true, old, true, Next::Code),
        ] {
            let ticket = ticket(prompt, max_age, signed_in);
            assert_eq!(next(&ticket, session, allowed, 1_060), step, "{ticket:?} {allowed}");
        }
    }

    #[test]
    fn a_silent_request_is_answered_without_a_page() {
        let user = User { id: "u".to_owned(), name: "jane".to_owned(), enabled: true, created_at: 0, updated_at: 0 };
        let session = Session { user, auth_time: 1_000 };
        let refused =
            |max_age, session, allowed| match next(&ticket(&[Prompt::None], max_age, false), session, allowed, 1_060) {
                Next::Refuse(code, _) => Some(code),
                Next::Code => None,
                page => panic!("{page:?}"),
            };
        assert_eq!(refused(None, None, false), Some(ErrorCode::LoginRequired));
        assert_eq!(refused(Some(1), Some(&session), true), Some(ErrorCode::LoginRequired));
        assert_eq!(refused(None, Some(&session), false), Some(ErrorCode::ConsentRequired));
        assert_eq!(refused(None, Some(&session), true), None);
    }
}
