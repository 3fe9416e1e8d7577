//! The properties of the listener entry, as typed values; what belongs to an issuer is in its own entry.
//!
//! All mistakes are reported at once: an unknown name, a wrong value with what is allowed, a value that occurs twice.

use dropins_plugin::assertion::{Algorithm, AlgorithmSet};
use dropins_plugin::property::{boolean, number};
use dropins_plugin::{Problem, Shown};

/// The properties with the values that they allow, for people.
const PROPERTIES: [(&str, &str); 3] = [
    (CLOCK_SKEW, "a whole number from 0 to 3600"),
    (ALLOWED_ALGORITHMS, "an array of signature algorithms; never none, never HS*"),
    (CACHE, "true or false"),
];
const CLOCK_SKEW: &str = "ClockSkewInSeconds";
const ALLOWED_ALGORITHMS: &str = "AllowedAlgorithms";
const CACHE: &str = "EnableCacheForJTI";

/// What every token must satisfy, whatever its issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Leniency for clocks that differ, in milliseconds.
    pub clock_skew: u64,
    /// The accepted algorithms.
    pub algorithms: AlgorithmSet,
    /// Whether a cache may answer that a `jti` was seen.
    pub cache_jti: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { clock_skew: 30_000, algorithms: AlgorithmSet::DEFAULT, cache_jti: true }
    }
}

impl Policy {
    /// The policy of a listener entry.
    ///
    /// # Errors
    /// Every [`Problem`], in the order of the properties.
    pub fn from_properties(properties: &[(&str, &str)]) -> Result<Self, Vec<Problem>> {
        let (mut policy, mut problems, mut seen) = (Self::default(), Vec::new(), Vec::new());
        for (name, value) in properties {
            let mut problem = |message: String| problems.push(Problem { property: (*name).to_owned(), message });
            let known = PROPERTIES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let Some((known, allowed)) = known else {
                let known = PROPERTIES.map(|(name, _)| name).join(", ");
                problem(format!("is not known here; known are {known}"));
                continue;
            };
            let first = !seen.contains(known);
            if !first && *known != ALLOWED_ALGORITHMS {
                problem(format!("is given more than once; allowed is one value: {allowed}"));
                continue;
            }
            seen.push(*known);
            if policy.put(known, value, first).is_none() {
                problem(format!("{} is not allowed; allowed is {allowed}", Shown(value)));
            }
        }
        if problems.is_empty() { Ok(policy) } else { Err(problems) }
    }

    /// Puts a value of a known property into the policy; returns `None` when it is not allowed.
    fn put(&mut self, name: &str, value: &str, first: bool) -> Option<()> {
        match name {
            CLOCK_SKEW => self.clock_skew = number(value, 0..=3600)? * 1000,
            CACHE => self.cache_jti = boolean(value)?,
            _ => {
                let algorithm = Algorithm::parse(value)?;
                // The configured list replaces the default one.
                let before = if first { AlgorithmSet::EMPTY } else { self.algorithms };
                self.algorithms = before.with(algorithm);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_read_in_any_case() {
        assert_eq!(Policy::from_properties(&[]), Ok(Policy::default()));
        let read = Policy::from_properties(&[
            ("clockSkewInSeconds", "5"),
            ("AllowedAlgorithms", "RS256"),
            ("AllowedAlgorithms", "ES256"),
            ("EnableCacheForJTI", "false"),
        ]);
        let algorithms = AlgorithmSet::EMPTY.with(Algorithm::RS256).with(Algorithm::ES256);
        assert_eq!(read, Ok(Policy { clock_skew: 5000, algorithms, cache_jti: false }));
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let problems = Policy::from_properties(&[
            ("PreventTokenReuse", "false"),
            ("ClockSkewInSeconds", "3601"),
            ("AllowedAlgorithms", "HS256"),
            ("EnableCacheForJTI", "yes"),
            ("EnableCacheForJTI", "true"),
        ]);
        let shown: Vec<_> = problems.unwrap_err().iter().map(ToString::to_string).collect();
        assert!(
            shown[0].starts_with("PreventTokenReuse: is not known here; known are ClockSkewInSeconds"),
            "{shown:?}"
        );
        assert_eq!(shown[1], "ClockSkewInSeconds: \"3601\" is not allowed; allowed is a whole number from 0 to 3600");
        assert!(shown[2].contains("never none") && shown[3].contains("true or false"), "{shown:?}");
        assert!(shown[4].contains("more than once"), "{shown:?}");
    }
}
