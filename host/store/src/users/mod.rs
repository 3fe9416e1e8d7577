//! Users: their records, their passwords, and what they allowed which client.
//!
//! Passwords are kept as argon2id hashes only. An unknown name, a disabled user and a wrong password get
//! the same answer after the same work. Guesses are slowed down by account and by address,
//! those on a device that is known by the device alone.

mod consents;
mod password;
mod record;
mod schema;
mod sign_in;
mod slow_down;
mod store;
mod super_admin;
#[cfg(test)]
mod tests;

pub use password::{MIN_PASSWORD, PasswordFault};
pub use record::{NameFault, User};
pub use schema::MIGRATION;
pub use sign_in::{Refusal, SignIn};
pub use slow_down::{Attempt, SlowDown, Wait};
pub use store::{UserError, Users};
