//! `[oauth.rate_limit]`: how many requests of one address are answered.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;

/// So many requests in a period, and as many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The number.
    pub requests: NonZeroU32,
    /// A second, a minute or an hour.
    pub period: Duration,
}

impl Rate {
    /// Reads `200/s`, `6000/m` or `100000/h`; `None` for another text.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once('/')?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let requests = number.parse().ok().filter(|_| digits)?;
        Some(Self { requests, period: Duration::from_secs(seconds) })
    }

    /// The limit of one address; `None` is no limit.
    pub(crate) fn per_address(settings: &Section, findings: &mut Findings) -> Option<Self> {
        let path = "oauth.rate_limit.per_address";
        let text = settings.text(path)?;
        let rate = Self::parse(&text);
        if rate.is_none() {
            let message = format!("`{path}` is a number of requests a second, minute or hour, not `{text}`");
            let problem = Problem::new(Code::BadValue, settings.span(path), path, message);
            findings.problem(problem.help("write \"200/s\", \"6000/m\" or \"100000/h\""));
        }
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_unit() {
        for (text, requests, seconds) in [("200/s", 200, 1), ("1/m", 1, 60), ("4294967295/h", u32::MAX, 3600)] {
            let rate = Rate { requests: NonZeroU32::new(requests).unwrap(), period: Duration::from_secs(seconds) };
            assert_eq!(Rate::parse(text), Some(rate), "{text}");
        }
        for text in ["", "200", "200/", "/s", "0/s", "-1/s", "+1/s", "1.5/s", "200/d", "200 / s", "4294967296/s"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }
}
