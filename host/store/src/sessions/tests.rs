use dropins_services::FixedClock;

use super::*;
use crate::testing::{Fresh, on_every_engine};
use crate::users::Users;
use dropins_protocol::{Secret, random};

struct World {
    sessions: Sessions,
    users: Users,
    user: User,
    database: Database,
    clock: Arc<FixedClock>,
    _fresh: Fresh,
}

async fn world(fresh: Fresh) -> World {
    let database = fresh.open().await;
    let clock = Arc::new(FixedClock::at(1_000_000));
    let users = Users::new(database.clone(), Arc::clone(&clock) as _);
    let user = users.add("jane", Secret::new("correct horse"), true).await.unwrap();
    let sessions = Sessions::new(database.clone(), Arc::clone(&clock) as _);
    World { sessions, users, user, database, clock, _fresh: fresh }
}

/// What the database knows of a browser that was not seen before.
fn browser() -> TokenHash {
    TokenHash::of(&random::text(43).unwrap())
}

impl World {
    /// Signs in, as the user is now.
    async fn begin(&self, before: Option<&TokenHash>) -> TokenHash {
        let user = self.users.find(&self.user.id).await.unwrap().unwrap();
        let browser = browser();
        assert!(self.sessions.begin(before, &browser, &user).await.unwrap());
        browser
    }

    async fn is_signed_in(&self, browser: &TokenHash) -> bool {
        self.sessions.of(browser).await.unwrap().is_some()
    }

    fn pass(&self, seconds: u64) {
        self.clock.set(self.clock.now() + seconds * 1000);
    }
}

#[tokio::test]
async fn signing_in_makes_another_browser_of_it_and_ends_the_session_before() {
    on_every_engine(async |fresh| {
        let world = world(fresh).await;
        let anonymous = browser();
        let first = world.begin(Some(&anonymous)).await;
        assert_ne!(first, anonymous);
        assert!(!world.is_signed_in(&anonymous).await, "an id that was known before is worth nothing");
        let session = world.sessions.of(&first).await.unwrap().unwrap();
        assert_eq!((session.user.name.as_str(), session.auth_time), ("jane", 1_000));
        let second = world.begin(Some(&first)).await;
        assert!(world.is_signed_in(&second).await && !world.is_signed_in(&first).await);
        world.sessions.end(&second).await.unwrap();
        assert!(!world.is_signed_in(&second).await);
    })
    .await;
}

#[tokio::test]
async fn an_idle_session_ends_and_a_used_one_goes_on_for_twelve_hours() {
    on_every_engine(async |fresh| {
        let world = world(fresh).await;
        let idle = world.begin(None).await;
        let used = world.begin(None).await;
        world.pass(IDLE - 1);
        assert!(world.is_signed_in(&used).await);
        world.pass(1);
        assert!(!world.is_signed_in(&idle).await);
        for _ in 0..(LONGEST / IDLE * 2 - 3) {
            world.pass(IDLE / 2);
            assert!(world.is_signed_in(&used).await);
        }
        world.pass(IDLE / 2);
        assert!(!world.is_signed_in(&used).await, "the end comes in any case");
    })
    .await;
}

#[tokio::test]
async fn a_user_who_is_disabled_removed_or_given_a_password_has_no_session() {
    on_every_engine(async |fresh| {
        let world = world(fresh).await;
        let begin = async || world.begin(None).await;
        let browser = begin().await;
        world.users.set_password("jane", Secret::new("battery staple")).await.unwrap();
        assert!(!world.is_signed_in(&browser).await);
        let browser = begin().await;
        world.users.set_enabled("jane", false).await.unwrap();
        assert!(!world.is_signed_in(&browser).await);
        world.users.set_enabled("jane", true).await.unwrap();
        assert!(!world.is_signed_in(&browser).await, "the old one does not come back");
        let browser = begin().await;
        world.users.remove("jane").await.unwrap();
        assert!(!world.is_signed_in(&browser).await);
    })
    .await;
}

#[tokio::test]
async fn a_user_who_changes_while_the_password_is_checked_is_not_signed_in_by_the_old_one() {
    on_every_engine(async |fresh| {
        let world = world(fresh).await;
        let checked = world.users.find(&world.user.id).await.unwrap().unwrap();
        assert!(world.sessions.begin(None, &browser(), &checked).await.unwrap());
        world.pass(1);
        world.users.set_password("jane", Secret::new("battery staple")).await.unwrap();
        assert!(!world.sessions.begin(None, &browser(), &checked).await.unwrap());
        let checked = world.users.find(&world.user.id).await.unwrap().unwrap();
        world.pass(1);
        world.users.set_enabled("jane", false).await.unwrap();
        assert!(!world.sessions.begin(None, &browser(), &checked).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_database_holds_the_hash_of_an_id_and_not_the_id() {
    let world = world(Fresh::sqlite(&crate::SCHEMA)).await;
    let id = random::text(43).unwrap();
    let user = world.users.find(&world.user.id).await.unwrap().unwrap();
    assert!(world.sessions.begin(None, &TokenHash::of(&id), &user).await.unwrap());
    let rows = world.database.query("SELECT SESSION_HASH FROM DROPINS_SESSION", Vec::new()).await.unwrap();
    let stored = rows[0].text(0).unwrap();
    assert_eq!(stored, TokenHash::of(&id).as_str());
    assert!(!stored.contains(&id));
}
