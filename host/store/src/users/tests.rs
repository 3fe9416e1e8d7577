use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use dropins_services::FixedClock;

use super::*;
use crate::SCHEMA;
use crate::grants::{Authorization, Binding, Grants, Terms};
use crate::testing::{Fresh, on_every_engine};
use dropins_protocol::Secret;

struct World {
    users: Users,
    clock: Arc<FixedClock>,
    database: Fresh,
}

async fn world() -> World {
    World::of(Fresh::sqlite(&SCHEMA)).await
}

impl World {
    async fn of(fresh: Fresh) -> Self {
        let clock = Arc::new(FixedClock::at(1_000_000));
        Self { users: Users::new(fresh.open().await, Arc::clone(&clock) as _), clock, database: fresh }
    }

    async fn add(&self, name: &str) -> User {
        self.users.add(name, Secret::new("correct horse"), true).await.unwrap()
    }

    async fn sign_in(&self, name: &str, password: &str) -> SignIn {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        self.users.sign_in(name, password, Some(address), None).await.unwrap()
    }
}

#[tokio::test]
async fn the_right_password_signs_in_and_everything_else_is_rejected_alike() {
    let world = world().await;
    let jane = world.add("jane").await;
    world.users.add("off", Secret::new("correct horse"), false).await.unwrap();
    assert_eq!(world.sign_in("jane", "correct horse").await, SignIn::Welcome(jane));
    for (name, password, reason) in [
        ("jane", "Correct horse", Refusal::WrongPassword),
        ("Jane", "correct horse", Refusal::UnknownUser),
        ("nobody", "correct horse", Refusal::UnknownUser),
        ("off", "correct horse", Refusal::DisabledUser),
    ] {
        assert_eq!(world.sign_in(name, password).await, SignIn::Refused(reason), "{name} {password}");
    }
}

#[tokio::test]
async fn an_attempt_that_the_database_could_not_judge_is_no_failure() {
    let world = world().await;
    world.add("jane").await;
    let table = |sql: &str| rusqlite::Connection::open(world.database.path().unwrap()).unwrap().execute_batch(sql);
    table("ALTER TABLE DROPINS_USER RENAME TO AWAY").unwrap();
    for _ in 0..50 {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let attempt = world.users.sign_in("jane", "correct horse", Some(address), None).await;
        assert!(attempt.is_err(), "{attempt:?}");
    }
    table("ALTER TABLE AWAY RENAME TO DROPINS_USER").unwrap();
    assert!(matches!(world.sign_in("jane", "correct horse").await, SignIn::Welcome(_)));
}

#[tokio::test]
async fn after_too_many_attempts_not_even_the_right_password_is_looked_at() {
    let world = world().await;
    world.add("jane").await;
    for _ in 0..5 {
        assert_eq!(world.sign_in("jane", "wrong").await, SignIn::Refused(Refusal::WrongPassword));
    }
    assert_eq!(world.sign_in("jane", "correct horse").await, SignIn::TooOften(Wait { seconds: 1 }));
    world.clock.set(1_001_000);
    assert!(matches!(world.sign_in("jane", "correct horse").await, SignIn::Welcome(_)));
    assert_eq!(
        world.sign_in("jane", "wrong").await,
        SignIn::Refused(Refusal::WrongPassword),
        "what was before is forgiven"
    );
}

#[tokio::test]
async fn a_device_that_is_known_is_not_kept_out_by_guesses_elsewhere_and_becomes_slow_by_its_own() {
    let world = world().await;
    world.add("jane").await;
    for _ in 0..5 {
        world.sign_in("jane", "wrong").await;
    }
    assert!(matches!(world.sign_in("jane", "correct horse").await, SignIn::TooOften(_)));
    let at = async |device: &str, password: &str| {
        world.users.sign_in("jane", password, "192.0.2.1".parse().ok(), Some(device)).await.unwrap()
    };
    assert!(matches!(at("laptop", "correct horse").await, SignIn::Welcome(_)));
    for _ in 0..5 {
        assert_eq!(at("laptop", "wrong").await, SignIn::Refused(Refusal::WrongPassword));
    }
    assert!(matches!(at("laptop", "correct horse").await, SignIn::TooOften(_)));
    assert!(matches!(at("phone", "correct horse").await, SignIn::Welcome(_)));
}

#[tokio::test]
async fn a_name_is_given_once_and_its_next_owner_is_another_subject() {
    on_every_engine(async |fresh| {
        let world = World::of(fresh).await;
        let first = world.add("jane").await;
        let again = world.users.add("jane", Secret::new("correct horse"), true).await;
        assert!(matches!(again, Err(UserError::Exists { .. })), "{again:?}");
        world.users.remove("jane").await.unwrap();
        assert_eq!(world.users.find(&first.id).await.unwrap(), None);
        let second = world.add("jane").await;
        assert_ne!(first.id, second.id);
        assert_eq!(world.users.list().await.unwrap(), [second]);
    })
    .await;
}

#[tokio::test]
async fn a_password_is_changed_and_a_user_is_let_out_and_in_again() {
    on_every_engine(async |fresh| {
        let world = World::of(fresh).await;
        world.add("jane").await;
        world.users.set_password("jane", Secret::new("battery staple")).await.unwrap();
        assert_eq!(world.sign_in("jane", "correct horse").await, SignIn::Refused(Refusal::WrongPassword));
        assert!(matches!(world.sign_in("jane", "battery staple").await, SignIn::Welcome(_)));
        world.users.set_enabled("jane", false).await.unwrap();
        assert_eq!(world.sign_in("jane", "battery staple").await, SignIn::Refused(Refusal::DisabledUser));
        world.users.set_enabled("jane", true).await.unwrap();
        assert!(matches!(world.sign_in("jane", "battery staple").await, SignIn::Welcome(_)));
        for change in [
            world.users.set_password("nobody", Secret::new("battery staple")).await,
            world.users.set_enabled("nobody", true).await,
            world.users.remove("nobody").await,
        ] {
            assert!(matches!(change, Err(UserError::Unknown { .. })), "{change:?}");
        }
        let weak = world.users.set_password("jane", Secret::new("short")).await;
        assert!(matches!(weak, Err(UserError::Password(PasswordFault::Short))), "{weak:?}");
    })
    .await;
}

#[tokio::test]
async fn the_super_admin_is_made_once_and_then_belongs_to_the_database() {
    on_every_engine(async |fresh| {
        let world = World::of(fresh).await;
        assert!(world.users.ensure_super_admin("admin", &Secret::new("admin")).await.unwrap());
        assert!(!world.users.ensure_super_admin("admin", &Secret::new("other")).await.unwrap());
        assert!(matches!(world.sign_in("admin", "admin").await, SignIn::Welcome(_)), "the operator answers for it");
        assert_eq!(world.sign_in("admin", "other").await, SignIn::Refused(Refusal::WrongPassword));
    })
    .await;
}

#[tokio::test]
async fn what_was_allowed_is_remembered_for_this_user_and_client() {
    on_every_engine(async |fresh| {
        let world = World::of(fresh).await;
        let (jane, joe) = (world.add("jane").await, world.add("joe").await);
        let scopes = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let allowed = async |user: &User, client: &str, scope: &str| {
            world.users.has_allowed(&user.id, client, &scopes(scope)).await.unwrap()
        };
        assert!(!allowed(&jane, "app", "").await, "even nothing is asked for once");
        world.users.allow(&jane.id, "app", &scopes("openid read")).await.unwrap();
        assert!(allowed(&jane, "app", "read").await && allowed(&jane, "app", "").await);
        assert!(!allowed(&jane, "app", "read write").await);
        world.users.allow(&jane.id, "app", &scopes("write")).await.unwrap();
        assert!(allowed(&jane, "app", "openid read write").await);
        assert!(!allowed(&jane, "other", "read").await && !allowed(&joe, "app", "read").await);
        world.users.remove("jane").await.unwrap();
        assert!(!allowed(&jane, "app", "read").await);
    })
    .await;
}

#[tokio::test]
async fn a_new_password_and_a_removal_end_what_clients_were_given_and_a_pause_does_not() {
    on_every_engine(async |fresh| {
        let world = World::of(fresh).await;
        let grants = Grants::new(world.database.open().await, Arc::clone(&world.clock) as _);
        let password = || Secret::new("battery staple");
        for (change, ends) in [("passwd", true), ("disable", false), ("remove", true)] {
            let (jane, joe) = (world.add(&format!("jane-{change}")).await, world.add(&format!("joe-{change}")).await);
            let (left, mine, others) =
                (code(&grants, &jane).await, redeemed(&grants, &jane).await, redeemed(&grants, &joe).await);
            match change {
                "passwd" => world.users.set_password(&jane.name, password()).await,
                "disable" => world.users.set_enabled(&jane.name, false).await,
                _ => world.users.remove(&jane.name).await,
            }
            .unwrap();
            let engine = world.database.engine;
            assert_eq!(grants.code(&left, BINDING, TERMS).await.is_err(), ends, "{change} {engine}");
            assert_eq!(grants.refresh_token(&mine, "app").await.is_err(), ends, "{change} {engine}");
            assert!(grants.refresh_token(&others, "app").await.is_ok(), "{change} {engine}");
        }
    })
    .await;
}

const BINDING: Binding<'_> = Binding { client_id: "app", authenticated: true, redirect_uri: None, code_verifier: None };
const TERMS: Terms = Terms { access_token: Duration::from_secs(60), refresh_token: Some(Duration::from_secs(600)) };

/// A code that this user granted.
async fn code(grants: &Grants, user: &User) -> String {
    let authorization = Authorization {
        client_id: "app".to_owned(),
        subject: user.id.clone(),
        scope: Vec::new(),
        redirect_uri: "https://app.example/cb".to_owned(),
        redirect_uri_given: false,
        code_challenge: None,
        nonce: None,
        auth_time: 1_000,
        validity: Duration::from_secs(60),
    };
    grants.issue_code(authorization).await.unwrap()
}

/// The refresh token for such a code.
async fn redeemed(grants: &Grants, user: &User) -> String {
    let code = grants.code(&code(grants, user).await, BINDING, TERMS).await.unwrap();
    grants.redeem(&code, None).await.unwrap().unwrap()
}
