//! The expiry radar: keys whose certificates expire soon, before their clients are rejected.
//!
//! The stages are 30, 14, 7 and 1 days before expiry, and expiry itself. A key is logged once per stage; metric, status
//! and check always show all of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dropins_host::services::Unavailable;

use dropins_oauth::clients::{ClientKeyFact, Directory};

const DAY: i64 = 86_400;

/// How often the keys are looked at; far shorter than the shortest stage.
pub const INTERVAL: Duration = Duration::from_secs(600);

/// How soon a certificate expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Stage {
    /// Within 30 days.
    #[serde(rename = "30d")]
    Month,
    /// Within 14 days.
    #[serde(rename = "14d")]
    Fortnight,
    /// Within 7 days.
    #[serde(rename = "7d")]
    Week,
    /// Within a day.
    #[serde(rename = "1d")]
    Day,
    /// It has expired.
    #[serde(rename = "expired")]
    Expired,
}

impl Stage {
    /// Every stage, the farthest first.
    pub const ALL: [Self; 5] = [Self::Month, Self::Fortnight, Self::Week, Self::Day, Self::Expired];

    /// The name in metrics and in the status document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Month => "30d",
            Self::Fortnight => "14d",
            Self::Week => "7d",
            Self::Day => "1d",
            Self::Expired => "expired",
        }
    }

    /// The stage of a certificate that is valid until `not_after`. Returns `None` if that is far away.
    fn of(not_after: i64, now: i64) -> Option<Self> {
        match not_after.saturating_sub(now) {
            left if left < 0 => Some(Self::Expired),
            left if left <= DAY => Some(Self::Day),
            left if left <= 7 * DAY => Some(Self::Week),
            left if left <= 14 * DAY => Some(Self::Fortnight),
            left if left <= 30 * DAY => Some(Self::Month),
            _ => None,
        }
    }
}

/// A key whose certificate expires soon, or has expired.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Expiring {
    /// The client.
    pub client_id: String,
    /// SHA-256 thumbprint of the JWK (RFC 7638).
    pub thumbprint: String,
    /// Where the key is registered.
    pub source: String,
    /// End of its validity, seconds since the Unix epoch.
    pub not_after: i64,
    /// How soon that is.
    pub stage: Stage,
}

impl std::fmt::Display for Expiring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client_id, thumbprint, source, .. } = self;
        let when = match self.stage {
            Stage::Expired => "has expired, and the client is rejected unless CertificateValidity says otherwise",
            Stage::Day => "expires within a day",
            Stage::Week => "expires within 7 days",
            Stage::Fortnight => "expires within 14 days",
            Stage::Month => "expires within 30 days",
        };
        write!(f, "client `{client_id}`: the certificate of key {thumbprint} ({source}) {when}")
    }
}

/// All keys that expire within 30 days of `now`, seconds since the Unix epoch; the soonest first.
///
/// # Errors
/// [`Unavailable`] if the clients of the database cannot be read.
pub async fn expiring(clients: &Directory, now: u64) -> Result<Vec<Expiring>, Unavailable> {
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    clients.visit_keys(&mut |key| found.extend(judge(key, now))).await?;
    found.sort_by(|a, b| (a.not_after, &a.client_id).cmp(&(b.not_after, &b.client_id)));
    Ok(found)
}

fn judge(key: ClientKeyFact, now: i64) -> Option<Expiring> {
    let not_after = key.not_after?;
    let stage = Stage::of(not_after, now)?;
    let ClientKeyFact { client_id, thumbprint, source, .. } = key;
    Some(Expiring { client_id, thumbprint, source, not_after, stage })
}

/// What was found when the keys were last looked at.
#[derive(Debug, Default)]
pub struct Radar(Mutex<Vec<Expiring>>);

impl Radar {
    /// The keys that expire soon, as they were last seen.
    pub fn latest(&self) -> Vec<Expiring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what was found and returns what has entered a new stage.
    pub fn update(&self, found: Vec<Expiring>) -> Vec<Expiring> {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known: BTreeMap<_, _> =
            latest.iter().map(|key| ((key.client_id.clone(), key.thumbprint.clone()), key.stage)).collect();
        let is_new = |key: &&Expiring| known.get(&(key.client_id.clone(), key.thumbprint.clone())) != Some(&key.stage);
        let news = found.iter().filter(is_new).cloned().collect();
        *latest = found;
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(stage: Stage) -> Expiring {
        let text = |text: &str| text.to_owned();
        Expiring { client_id: text("c"), thumbprint: text("t"), source: text("certificate"), not_after: 0, stage }
    }

    #[test]
    fn the_stages_begin_30_14_7_and_1_days_before_the_end() {
        for (days, stage) in [(30, Stage::Month), (14, Stage::Fortnight), (7, Stage::Week), (1, Stage::Day)] {
            assert_eq!(Stage::of(days * DAY, 0), Some(stage), "{days} days before");
            assert_ne!(Stage::of(days * DAY + 1, 0), Some(stage), "a second earlier");
        }
        assert_eq!(Stage::of(30 * DAY + 1, 0), None);
        assert_eq!((Stage::of(0, 0), Stage::of(0, 1)), (Some(Stage::Day), Some(Stage::Expired)));
    }

    #[test]
    fn a_key_is_news_once_per_stage() {
        let radar = Radar::default();
        assert_eq!(radar.update(vec![key(Stage::Month)]), [key(Stage::Month)]);
        assert_eq!(radar.update(vec![key(Stage::Month)]), []);
        assert_eq!(radar.update(vec![key(Stage::Fortnight)]), [key(Stage::Fortnight)]);
        assert_eq!(radar.latest(), [key(Stage::Fortnight)]);
    }
}
