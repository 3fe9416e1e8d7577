//! Codes and tokens: the rules on SQLite, what only the database can decide on every engine.

use std::sync::Arc;
use std::time::Duration;

use dropins_services::{Clock as _, FixedClock};

use super::*;
use crate::SCHEMA;
use crate::testing::{Fresh, on_every_engine};
use dropins_database::{StoreError, retry_on_conflict};
use dropins_protocol::AccessToken;

const START: u64 = 1_800_000_000;
const URI: &str = "https://app.example/cb";
// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// A redeemed code, with the first refresh token.
#[derive(Debug)]
struct Redeemed {
    family: Family,
    nonce: Option<String>,
    refresh_token: Option<String>,
}

async fn redeem(grants: &Grants, code: &str, binding: Binding<'_>, terms: Terms) -> Result<Redeemed, CodeError> {
    let code = grants.code(code, binding, terms).await?;
    let refresh_token = grants.redeem(&code, None).await?;
    Ok(Redeemed { family: code.family, nonce: code.nonce, refresh_token })
}

struct World {
    grants: Grants,
    pushed: PushedRequests,
    clock: Arc<FixedClock>,
    _fresh: Option<Fresh>,
}

impl World {
    async fn new() -> Self {
        let fresh = Fresh::sqlite(&SCHEMA);
        let world = Self::on(&fresh).await;
        Self { _fresh: Some(fresh), ..world }
    }

    async fn on(fresh: &Fresh) -> Self {
        let database = fresh.open().await;
        let clock = Arc::new(FixedClock::at(START * 1000));
        let grants = Grants::new(database.clone(), clock.clone());
        let pushed = PushedRequests::new(database, clock.clone());
        Self { grants, pushed, clock, _fresh: None }
    }

    fn pass(&self, time: Duration) {
        self.clock.set(self.clock.now() + u64::try_from(time.as_millis()).unwrap());
    }

    async fn code(&self) -> String {
        self.grants.issue_code(authorization()).await.unwrap()
    }

    async fn redeem(&self, code: &str, binding: Binding<'_>, terms: Terms) -> Result<Redeemed, CodeError> {
        redeem(&self.grants, code, binding, terms).await
    }

    async fn redeemed(&self) -> Redeemed {
        self.redeem(&self.code().await, binding(), terms()).await.unwrap()
    }

    async fn refuse_code(&self, code: &str, binding: Binding<'_>) -> CodeError {
        self.redeem(code, binding, terms()).await.unwrap_err()
    }

    /// The text of this access token, which is stored.
    async fn opaque(&self, token: &AccessToken) -> String {
        let new = NewAccessToken::make(token.clone()).unwrap();
        self.grants.store_opaque(&new).await.unwrap();
        new.text().to_owned()
    }

    /// A family of a client that acts for itself, with its refresh token.
    async fn started(&self, scope: &[String]) -> (Family, String) {
        let family = self.grants.family_of_client("app", scope, DAY).unwrap();
        let token = self.grants.start_family(&family, HOUR, None).await.unwrap();
        (family, token)
    }

    /// The code, or what was issued for it, is as good as ever.
    async fn is_live(&self, redeemed: &Redeemed) -> bool {
        let token = access_token(&redeemed.family);
        let active = self.grants.is_active(&token).await.unwrap();
        let refresh = redeemed.refresh_token.as_deref().unwrap();
        assert_eq!(self.grants.active_refresh_token(refresh).await.unwrap().is_some(), active);
        active
    }
}

fn authorization() -> Authorization {
    Authorization {
        client_id: "app".to_owned(),
        subject: "alice".to_owned(),
        scope: vec!["openid".to_owned(), "read".to_owned()],
        redirect_uri: URI.to_owned(),
        redirect_uri_given: true,
        code_challenge: Some(CHALLENGE.to_owned()),
        nonce: Some("n".to_owned()),
        auth_time: START - 60,
        validity: Duration::from_secs(60),
    }
}

fn binding() -> Binding<'static> {
    Binding { client_id: "app", authenticated: true, redirect_uri: Some(URI), code_verifier: Some(VERIFIER) }
}

fn terms() -> Terms {
    Terms { access_token: HOUR, refresh_token: Some(DAY) }
}

fn access_token(family: &Family) -> AccessToken {
    AccessToken {
        id: FamilyId::token_id(Some(&family.id)).unwrap(),
        client_id: family.client_id.clone(),
        subject: "alice".to_owned(),
        scope: family.scope.clone(),
        auth_time: None,
        issued_at: START,
        expires_at: START + 3600,
    }
}

#[tokio::test]
async fn a_code_gives_what_was_granted() {
    let world = World::new().await;
    let redeemed = world.redeemed().await;
    let family = &redeemed.family;
    assert_eq!((family.client_id.as_str(), family.subject.as_deref()), ("app", Some("alice")));
    assert_eq!((&family.scope, family.auth_time), (&authorization().scope, Some(START - 60)));
    assert_eq!((redeemed.nonce.as_deref(), family.expires_at), (Some("n"), START + 86_400));
    let refresh = world.grants.refresh_token(redeemed.refresh_token.as_deref().unwrap(), "app").await.unwrap();
    assert_eq!(&refresh.family, family);
}

#[tokio::test]
async fn a_wrong_request_is_rejected_and_consumes_nothing() {
    let world = World::new().await;
    let code = world.code().await;
    let wrong = format!("{}x", &VERIFIER[..42]);
    let off = |redirect_uri| Binding { redirect_uri, ..binding() };
    let verifier = |code_verifier| Binding { code_verifier, ..binding() };
    for (binding, error) in [
        (Binding { client_id: "other", ..binding() }, CodeError::OtherClient { owner: "app".to_owned() }),
        (off(Some("https://app.example/c")), CodeError::RedirectUri),
        (off(Some("https://app.example/cb/")), CodeError::RedirectUri),
        (off(None), CodeError::RedirectUri),
        (verifier(Some(&wrong)), CodeError::Verifier),
        (verifier(None), CodeError::Verifier),
    ] {
        assert_eq!(world.refuse_code(&code, binding).await, error, "{binding:?}");
    }
    for text in ["", "x", &code[1..], &code.to_uppercase()] {
        assert_eq!(world.refuse_code(text, binding()).await, CodeError::Unknown, "{text}");
    }
    world.redeem(&code, binding(), terms()).await.unwrap();
}

#[tokio::test]
async fn a_redirect_uri_that_was_not_in_the_request_may_be_left_out() {
    let world = World::new().await;
    for redirect_uri in [None, Some(URI)] {
        let authorization = Authorization { redirect_uri_given: false, ..authorization() };
        let code = world.grants.issue_code(authorization).await.unwrap();
        let other = Binding { redirect_uri: Some("https://app.example/"), ..binding() };
        assert_eq!(world.refuse_code(&code, other).await, CodeError::RedirectUri);
        world.redeem(&code, Binding { redirect_uri, ..binding() }, terms()).await.unwrap();
    }
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_rejected() {
    let world = World::new().await;
    let code = world.grants.issue_code(Authorization { code_challenge: None, ..authorization() }).await.unwrap();
    assert_eq!(world.refuse_code(&code, binding()).await, CodeError::Verifier);
    let without = Binding { code_verifier: None, ..binding() };
    let public = Binding { authenticated: false, ..without };
    assert_eq!(world.refuse_code(&code, public).await, CodeError::Verifier, "a public client needs a challenge");
    world.redeem(&code, without, terms()).await.unwrap();
}

#[tokio::test]
async fn a_code_is_valid_until_its_time_and_not_at_it() {
    let world = World::new().await;
    let (early, late) = (world.code().await, world.code().await);
    world.pass(Duration::from_secs(59));
    world.redeem(&early, binding(), terms()).await.unwrap();
    world.pass(Duration::from_secs(1));
    assert_eq!(world.refuse_code(&late, binding()).await, CodeError::Expired { at: START + 60 });
}

#[tokio::test]
async fn a_code_that_is_used_twice_revokes_what_it_gave_even_when_the_second_use_is_late_or_wrong() {
    let world = World::new().await;
    let wrong = Binding { code_verifier: None, redirect_uri: None, ..binding() };
    for (second, later) in [(binding(), Duration::ZERO), (wrong, Duration::ZERO), (binding(), Duration::from_secs(600))]
    {
        let code = world.code().await;
        let redeemed = world.redeem(&code, binding(), terms()).await.unwrap();
        assert!(world.is_live(&redeemed).await);
        world.pass(later);
        assert_eq!(world.refuse_code(&code, second).await, CodeError::Reused);
        assert!(!world.is_live(&redeemed).await);
        let refresh = redeemed.refresh_token.unwrap();
        assert_eq!(world.grants.refresh_token(&refresh, "app").await, Err(RefreshError::Revoked));
    }
}

#[tokio::test]
async fn only_the_client_can_have_its_tokens_revoked() {
    let world = World::new().await;
    let code = world.code().await;
    let redeemed = world.redeem(&code, binding(), terms()).await.unwrap();
    let other = Binding { client_id: "other", ..binding() };
    assert_eq!(world.refuse_code(&code, other).await, CodeError::OtherClient { owner: "app".to_owned() });
    // A client without a credential proves itself by the verifier.
    let anybody = Binding { authenticated: false, code_verifier: None, ..binding() };
    assert_eq!(world.refuse_code(&code, anybody).await, CodeError::Verifier);
    let refresh = redeemed.refresh_token.clone().unwrap();
    let error = world.grants.refresh_token(&refresh, "other").await.unwrap_err();
    assert_eq!(error, RefreshError::OtherClient { owner: "app".to_owned() });
    world.grants.revoke_refresh_token(&refresh, "other").await.unwrap();
    assert!(world.is_live(&redeemed).await);
    let itself = Binding { authenticated: false, ..binding() };
    assert_eq!(world.refuse_code(&code, itself).await, CodeError::Reused);
    assert!(!world.is_live(&redeemed).await);
}

#[tokio::test]
async fn of_parallel_uses_of_a_code_at_most_one_succeeds_and_nothing_stays_valid() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let code = world.code().await;
        let uses = (0..8).map(|_| {
            let (grants, code) = (world.grants.clone(), code.clone());
            tokio::spawn(async move { redeem(&grants, &code, binding(), terms()).await })
        });
        let mut redeemed = Vec::new();
        for done in uses.collect::<Vec<_>>() {
            match done.await.unwrap() {
                Ok(first) => redeemed.push(first),
                Err(CodeError::Reused) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(redeemed.len(), 1, "{}", fresh.engine);
        assert_eq!(world.refuse_code(&code, binding()).await, CodeError::Reused);
        assert!(!world.is_live(&redeemed[0]).await);
    })
    .await;
}

#[tokio::test]
async fn every_engine_keeps_what_clients_are_given() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let bare = Authorization { scope: Vec::new(), code_challenge: None, nonce: None, ..authorization() };
        let code = world.grants.issue_code(bare).await.unwrap();
        let without = Binding { code_verifier: None, ..binding() };
        let redeemed = world.redeem(&code, without, terms()).await.unwrap();
        assert_eq!((&redeemed.nonce, redeemed.family.scope.len()), (&None, 0), "{}", fresh.engine);

        let redeemed = world.redeemed().await;
        let first = redeemed.refresh_token.clone().unwrap();
        let used = world.grants.refresh_token(&first, "app").await.unwrap();
        let second = world.grants.rotate(&used, 100 * HOUR, None).await.unwrap();
        let next = world.grants.refresh_token(&second, "app").await.unwrap();
        assert_eq!(next.family, redeemed.family);
        let token = access_token(&redeemed.family);
        let text = world.opaque(&token).await;
        assert_eq!(world.grants.find_opaque(&text).await.unwrap().as_ref(), Some(&token));
        let other = access_token(&redeemed.family);
        for _ in 0..2 {
            world.grants.revoke_access_token(&other).await.unwrap();
        }
        assert!(world.grants.is_active(&token).await.unwrap() && !world.grants.is_active(&other).await.unwrap());
        assert_eq!(world.grants.refresh_token(&first, "app").await, Err(RefreshError::Reused));
        assert!(!world.grants.is_active(&token).await.unwrap());

        let (own, _) = world.started(&[]).await;
        assert_eq!(own.subject, None);
        let pushed = world.pushed.push("app", request()).await.unwrap();
        assert_eq!(world.pushed.take(&pushed.request_uri, "app").await.unwrap(), Some(request()));
        assert_eq!(world.pushed.take(&pushed.request_uri, "app").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_may_not_refresh_gets_no_refresh_token() {
    let world = World::new().await;
    let terms = Terms { refresh_token: None, ..terms() };
    let redeemed = world.redeem(&world.code().await, binding(), terms).await.unwrap();
    assert_eq!(redeemed.refresh_token, None);
    assert!(world.grants.is_active(&access_token(&redeemed.family)).await.unwrap());
}

#[tokio::test]
async fn a_refresh_token_is_replaced_within_its_family() {
    let world = World::new().await;
    let first = world.redeemed().await.refresh_token.unwrap();
    world.pass(HOUR);
    let used = world.grants.refresh_token(&first, "app").await.unwrap();
    let second = world.grants.rotate(&used, HOUR, None).await.unwrap();
    assert_ne!(first, second);
    let next = world.grants.refresh_token(&second, "app").await.unwrap();
    assert_eq!(next.issued_at, START + 3600);
    assert_eq!(next.family, used.family, "a rotation does not make the family live longer");
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_revokes_its_family() {
    let world = World::new().await;
    let redeemed = world.redeemed().await;
    let first = redeemed.refresh_token.clone().unwrap();
    let used = world.grants.refresh_token(&first, "app").await.unwrap();
    let second = world.grants.rotate(&used, HOUR, None).await.unwrap();
    assert_eq!(world.grants.active_refresh_token(&first).await.unwrap(), None, "to ask about it is no use");
    assert!(world.grants.active_refresh_token(&second).await.unwrap().is_some());
    assert_eq!(world.grants.refresh_token(&first, "app").await, Err(RefreshError::Reused));
    assert_eq!(world.grants.refresh_token(&second, "app").await, Err(RefreshError::Revoked));
    assert!(!world.is_live(&redeemed).await);
}

#[tokio::test]
async fn of_two_rotations_at_once_one_loses_and_the_family_with_it() {
    let world = World::new().await;
    let first = world.redeemed().await.refresh_token.unwrap();
    let one = world.grants.refresh_token(&first, "app").await.unwrap();
    let other = world.grants.refresh_token(&first, "app").await.unwrap();
    let second = world.grants.rotate(&one, HOUR, None).await.unwrap();
    assert_eq!(world.grants.rotate(&other, HOUR, None).await, Err(RefreshError::Reused));
    assert_eq!(world.grants.refresh_token(&second, "app").await, Err(RefreshError::Revoked));
}

#[tokio::test]
async fn a_family_that_is_revoked_in_the_middle_of_a_refresh_gets_no_further_token() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let redeemed = world.redeemed().await;
        let used = world.grants.refresh_token(redeemed.refresh_token.as_deref().unwrap(), "app").await.unwrap();
        world.grants.revoke_family(&redeemed.family.id).await.unwrap();
        assert_eq!(world.grants.rotate(&used, HOUR, None).await, Err(RefreshError::Revoked));
    })
    .await;
}

#[tokio::test]
async fn a_family_ends_however_often_it_is_refreshed() {
    let world = World::new().await;
    let mut token = world.redeemed().await.refresh_token.unwrap();
    for _ in 0..23 {
        world.pass(HOUR);
        let used = world.grants.refresh_token(&token, "app").await.unwrap();
        token = world.grants.rotate(&used, HOUR, None).await.unwrap();
    }
    world.pass(HOUR);
    let expired = Err(RefreshError::Expired { at: START + 86_400 });
    assert_eq!(world.grants.refresh_token(&token, "app").await, expired);
}

#[tokio::test]
async fn a_client_of_its_own_has_a_family_without_a_user() {
    let world = World::new().await;
    let scope = ["read".to_owned()];
    let (family, token) = world.started(&scope).await;
    assert_eq!((family.subject.as_deref(), family.auth_time), (None, None));
    assert_eq!(world.grants.refresh_token(&token, "app").await.unwrap().family, family);
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_its_family_with_it_used_or_not() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let redeemed = world.redeemed().await;
        let first = redeemed.refresh_token.clone().unwrap();
        let used = world.grants.refresh_token(&first, "app").await.unwrap();
        let second = world.grants.rotate(&used, HOUR, None).await.unwrap();
        assert!(world.grants.active_refresh_token(&second).await.unwrap().is_some());
        assert!(world.grants.revoke_refresh_token(&first, "app").await.unwrap());
        assert_eq!(world.grants.active_refresh_token(&second).await.unwrap(), None);
        assert_eq!(world.grants.refresh_token(&second, "app").await, Err(RefreshError::Revoked));
        assert!(!world.grants.is_active(&access_token(&redeemed.family)).await.unwrap());
        assert!(!world.grants.revoke_refresh_token("unknown", "app").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_revoked_access_token_goes_alone() {
    let world = World::new().await;
    let family = world.redeemed().await.family;
    let (one, other) = (access_token(&family), access_token(&family));
    for _ in 0..2 {
        world.grants.revoke_access_token(&one).await.unwrap();
    }
    assert!(!world.grants.is_active(&one).await.unwrap());
    assert!(world.grants.is_active(&other).await.unwrap());
    world.pass(HOUR);
    assert!(!world.grants.is_active(&other).await.unwrap(), "it has expired");
}

#[tokio::test]
async fn an_opaque_access_token_is_found_by_its_text_only() {
    let world = World::new().await;
    let token = access_token(&world.redeemed().await.family);
    let text = world.opaque(&token).await;
    assert_eq!(world.grants.find_opaque(&text).await.unwrap(), Some(token));
    assert_eq!(world.grants.find_opaque(&text[1..]).await.unwrap(), None);
    let changed = format!("{}{}", &text[..text.len() - 1], if text.ends_with('A') { 'B' } else { 'A' });
    assert_eq!(world.grants.find_opaque(&changed).await.unwrap(), None);
}

#[tokio::test]
async fn a_database_that_is_down_gives_nothing_and_asks_to_try_again() {
    let world = World::new().await;
    let (code, redeemed) = (world.code().await, world.redeemed().await);
    let sql = "DROP TABLE DROPINS_TOKEN_FAMILY";
    world.grants.database.execute(sql, Vec::new()).await.unwrap();
    let Err(error) = world.redeem(&code, binding(), terms()).await else { panic!("no error") };
    assert!(matches!(error, CodeError::Store(StoreError::Unavailable { .. })), "{error:?}");
    let refresh = redeemed.refresh_token.unwrap();
    let Err(error) = world.grants.refresh_token(&refresh, "app").await else { panic!("no error") };
    assert!(matches!(error, RefreshError::Store(StoreError::Unavailable { .. })), "{error:?}");
    assert!(world.grants.is_active(&access_token(&redeemed.family)).await.is_err());
}

fn request() -> String {
    r#"{"client_id":"app","state":"s"}"#.to_owned()
}

#[tokio::test]
async fn a_pushed_request_is_taken_once_by_its_client() {
    let world = World::new().await;
    let pushed = world.pushed.push("app", request()).await.unwrap();
    assert_eq!(pushed.expires_in, Duration::from_secs(60));
    assert!(pushed.request_uri.starts_with("urn:ietf:params:oauth:request_uri:"));
    assert_eq!(world.pushed.take(&pushed.request_uri, "other").await.unwrap(), None);
    assert_eq!(world.pushed.take(&pushed.request_uri, "app").await.unwrap(), Some(request()));
    assert_eq!(world.pushed.take(&pushed.request_uri, "app").await.unwrap(), None);
    assert_eq!(world.pushed.take("urn:ietf:params:oauth:request_uri:x", "app").await.unwrap(), None);
}

#[tokio::test]
async fn open_requests_are_bounded_for_each_client_until_they_are_taken_or_expire() {
    let world = World::new().await;
    let push = async |client_id: &str| world.pushed.push_within(2, client_id, request()).await.unwrap();
    let first = push("app").await.unwrap();
    assert!(push("app").await.is_some() && push("app").await.is_none() && push("other").await.is_some());
    world.pushed.take(&first.request_uri, "app").await.unwrap().unwrap();
    assert!(push("app").await.is_some() && push("app").await.is_none());
    world.pass(Duration::from_secs(60));
    assert!(push("app").await.is_some());
}

#[tokio::test]
async fn parallel_pushes_do_not_pass_the_bound_on_any_engine() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let pushes = (0..12).map(|_| {
            let pushed = world.pushed.clone();
            tokio::spawn(async move { pushed.push_within(5, "app", request()).await })
        });
        let mut kept = 0;
        for done in pushes.collect::<Vec<_>>() {
            kept += usize::from(done.await.unwrap().unwrap().is_some());
        }
        assert_eq!(kept, 5, "{}", fresh.engine);
    })
    .await;
}

#[tokio::test]
async fn a_pushed_request_is_gone_after_its_time() {
    let world = World::new().await;
    let (early, late) = (world.pushed.push("app", request()).await, world.pushed.push("app", request()).await);
    world.pass(Duration::from_secs(59));
    assert!(world.pushed.take(&early.unwrap().request_uri, "app").await.unwrap().is_some());
    world.pass(Duration::from_secs(1));
    assert_eq!(world.pushed.take(&late.unwrap().request_uri, "app").await.unwrap(), None);
}

#[tokio::test]
async fn what_cannot_be_stored_as_a_whole_consumes_nothing() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let token = world.code().await;
        let code = world.grants.code(&token, binding(), terms()).await.unwrap();
        // A row with its hash is there already.
        let stuck = NewAccessToken::make(access_token(&code.family)).unwrap();
        world.grants.store_opaque(&stuck).await.unwrap();
        let redeemed = world.grants.redeem(&code, Some(&stuck)).await;
        assert_eq!(redeemed, Err(CodeError::Store(StoreError::Duplicate)), "{}", fresh.engine);
        let redeemed = world.redeem(&token, binding(), terms()).await.unwrap();

        let refresh = redeemed.refresh_token.unwrap();
        let used = world.grants.refresh_token(&refresh, "app").await.unwrap();
        let rotated = world.grants.rotate(&used, HOUR, Some(&stuck)).await;
        assert_eq!(rotated, Err(RefreshError::Store(StoreError::Duplicate)), "{}", fresh.engine);
        let used = world.grants.refresh_token(&refresh, "app").await.unwrap();
        let good = NewAccessToken::make(access_token(&used.family)).unwrap();
        world.grants.rotate(&used, HOUR, Some(&good)).await.unwrap();
        assert!(world.grants.find_opaque(good.text()).await.unwrap().is_some());

        let family = world.grants.family_of_client("app", &[], DAY).unwrap();
        let started = world.grants.start_family(&family, HOUR, Some(&stuck)).await;
        assert_eq!(started, Err(StoreError::Duplicate), "{}", fresh.engine);
        assert!(!world.grants.is_active(&access_token(&family)).await.unwrap());
        world.grants.start_family(&family, HOUR, None).await.unwrap();
        assert!(world.grants.is_active(&access_token(&family)).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn of_two_who_look_at_a_code_at_once_one_redeems_it_and_the_other_takes_it_back() {
    let world = World::new().await;
    let token = world.code().await;
    let one = world.grants.code(&token, binding(), terms()).await.unwrap();
    let other = world.grants.code(&token, binding(), terms()).await.unwrap();
    let refresh = world.grants.redeem(&one, None).await.unwrap().unwrap();
    assert_eq!(world.grants.redeem(&other, None).await, Err(CodeError::Reused));
    assert_eq!(world.grants.refresh_token(&refresh, "app").await, Err(RefreshError::Revoked));
}

#[tokio::test]
async fn what_was_granted_ends_with_its_client_or_user_and_with_no_other() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let of = |client_id: &'static str, subject: &str| Authorization {
            client_id: client_id.to_owned(),
            subject: subject.to_owned(),
            ..authorization()
        };
        for (ends, other) in [("user", ("app", "bob")), ("client", ("other", "alice"))] {
            let mut pairs = Vec::new();
            for (client_id, subject) in [("app", "alice"), other] {
                let binding = Binding { client_id, ..binding() };
                let kept = world.grants.issue_code(of(client_id, subject)).await.unwrap();
                let seen = world.grants.issue_code(of(client_id, subject)).await.unwrap();
                let used = world.grants.issue_code(of(client_id, subject)).await.unwrap();
                let redeemed = world.redeem(&used, binding, terms()).await.unwrap();
                pairs.push((binding, kept, seen, redeemed));
            }
            let pushed = world.pushed.push("app", request()).await.unwrap();
            let (own, _) = world.started(&[]).await;
            let looked_at = world.grants.code(&pairs[0].2, binding(), terms()).await.unwrap();
            let used = pairs[0].3.refresh_token.as_deref().unwrap();
            let used = world.grants.refresh_token(used, "app").await.unwrap();

            let mut transaction = world.grants.database.begin().await.unwrap();
            match ends {
                "user" => revocation::revoke_for_user(&mut transaction, "alice", START).await.unwrap(),
                _ => revocation::revoke_for_client(&mut transaction, "app", START).await.unwrap(),
            }
            transaction.commit().await.unwrap();

            assert_eq!(world.refuse_code(&pairs[0].1, binding()).await, CodeError::Unknown, "{}", fresh.engine);
            assert_eq!(world.grants.redeem(&looked_at, None).await, Err(CodeError::Reused), "who was about to");
            assert_eq!(world.grants.rotate(&used, HOUR, None).await, Err(RefreshError::Revoked));
            assert!(!world.is_live(&pairs[0].3).await && world.is_live(&pairs[1].3).await, "{ends}");
            world.redeem(&pairs[1].1, pairs[1].0, terms()).await.unwrap();
            let of_client = ends == "client";
            assert_eq!(world.grants.is_active(&access_token(&own)).await.unwrap(), !of_client);
            assert_eq!(world.pushed.take(&pushed.request_uri, "app").await.unwrap().is_none(), of_client);
        }
    })
    .await;
}

#[tokio::test]
async fn the_families_of_a_busy_client_or_user_are_revoked_some_at_a_time() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let database = &world.grants.database;
        let mut transaction = database.begin().await.unwrap();
        let family = |number: u32, client_id: &str, subject: &str| Family {
            id: FamilyId::stored(format!("family-{number}")),
            client_id: client_id.to_owned(),
            subject: Some(subject.to_owned()),
            scope: Vec::new(),
            auth_time: None,
            expires_at: START + 1,
        };
        for number in 0..1003 {
            family(number, "app", "bob").insert(&mut transaction, START, START + 1).await.unwrap();
        }
        family(1003, "other", "alice").insert(&mut transaction, START, START + 1).await.unwrap();
        transaction.commit().await.unwrap();
        let live = async || {
            let sql = "SELECT FAMILY_ID FROM DROPINS_TOKEN_FAMILY WHERE REVOKED_AT IS NULL";
            database.query(sql, Vec::new()).await.unwrap().len()
        };
        revocation::revoke_for_user_in_batches(database, "carol", START).await.unwrap();
        assert_eq!(live().await, 1004, "{}", fresh.engine);
        revocation::revoke_for_client_in_batches(database, "app", START).await.unwrap();
        assert_eq!(live().await, 1, "{}", fresh.engine);
        revocation::revoke_for_user_in_batches(database, "alice", START).await.unwrap();
        assert_eq!(live().await, 0, "{}", fresh.engine);
    })
    .await;
}

#[tokio::test]
async fn what_is_redeemed_or_refreshed_while_its_client_goes_ends_all_the_same() {
    on_every_engine(async |fresh| {
        let world = World::on(&fresh).await;
        let grants = &world.grants;
        for _ in 0..8 {
            let code = grants.code(&world.code().await, binding(), terms()).await.unwrap();
            let refresh = world.redeemed().await.refresh_token.unwrap();
            let used = grants.refresh_token(&refresh, "app").await.unwrap();
            let ended = retry_on_conflict(|| async {
                let mut transaction = grants.database.begin().await?;
                revocation::revoke_for_client(&mut transaction, "app", START).await?;
                transaction.commit().await
            });
            let rotated = grants.rotate(&used, HOUR, None);
            let (_, _, ended) = tokio::join!(grants.redeem(&code, None), rotated, ended);
            ended.unwrap();
            for family in [&code.family, &used.family] {
                assert!(!grants.is_active(&access_token(family)).await.unwrap(), "{}", fresh.engine);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn neither_a_code_nor_a_token_nor_a_parameter_is_printed() {
    let world = World::new().await;
    let token = world.code().await;
    let code = world.grants.code(&token, binding(), terms()).await.unwrap();
    let refresh = world.grants.redeem(&code, None).await.unwrap().unwrap();
    let used = world.grants.refresh_token(&refresh, "app").await.unwrap();
    let opaque = NewAccessToken::make(access_token(&code.family)).unwrap();
    let pushed = world.pushed.push("app", request()).await.unwrap();
    let printed =
        format!("{:?} {code:?} {used:?} {opaque:?} {pushed:?} {:?} {:?}", binding(), authorization(), request());
    let texts = [token.as_str(), refresh.as_str(), opaque.text(), &pushed.request_uri];
    let hashes = texts.map(opaque::hash);
    for secret in texts.into_iter().chain(hashes.iter().map(String::as_str)).chain([VERIFIER, CHALLENGE, URI]) {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(printed.contains("client_id: \"app\"") && printed.contains("Pushed { expires_in"), "{printed}");
}
