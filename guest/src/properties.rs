//! The properties of a listener entry and of a client, read into a [`Policy`].
//!
//! One table names every property with what it allows. All mistakes are reported at once: an unknown name with the
//! nearest known one, a wrong value with what is allowed, a single value that occurs twice, a combination that allows
//! no algorithm. Numbers and booleans arrive as their text, quoted or not.

use std::ops::RangeInclusive;

use dropins_plugin::assertion::{Algorithm, AlgorithmSet};
use dropins_plugin::property::{self, boolean, one_of};
use dropins_plugin::{Problem, Shown};

use crate::policy::{AudienceMode, AudienceReport, CertificateValidity, ForeignIssuers, Policy, Profile, Verification};

/// One property.
struct Property {
    name: &'static str,
    /// Whether it may occur more than once; the values add up.
    list: bool,
    /// Whether a client may override it.
    per_client: bool,
    /// The values that are allowed, for people.
    allowed: &'static str,
    /// Puts a value into the policy; returns `None` when it is not allowed.
    set: fn(&mut Policy, &str) -> Option<()>,
}

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;

const FOREIGN_ISSUERS: &str = "ForeignIssuers";
const ALLOWED_ALGORITHMS: &str = "AllowedAlgorithms";

const PROPERTIES: [Property; 15] = [
    single("PreventTokenReuse", "true or false", |policy, value| put(&mut policy.prevent_token_reuse, boolean(value)))
        .overridable(),
    single("RejectBeforeInMinutes", "a whole number from 0 (off) to 525600", |policy, value| {
        put(&mut policy.reject_before, number(value, 0..=525_600, MINUTE))
    }),
    single("TokenEndpointAlias", "a non-empty string or an array of them", |policy, value| {
        (!value.is_empty()).then(|| policy.aliases.push(value.to_owned()))
    })
    .repeatable(),
    single("EnableCacheForJTI", "true or false", |policy, value| put(&mut policy.cache_jti, boolean(value))),
    single("RetryWindowInSeconds", "a whole number from 0 (off) to 300", |policy, value| {
        put(&mut policy.retry_window, number(value, 0..=300, 1).and_then(|seconds| u32::try_from(seconds).ok()))
    }),
    single("AudienceMode", "auto, strict or legacy", |policy, value| {
        let modes = [("auto", AudienceMode::Auto), ("strict", AudienceMode::Strict), ("legacy", AudienceMode::Legacy)];
        put(&mut policy.audience_mode, one_of(value, modes))
    })
    .overridable(),
    single("AudienceReport", "none or strict", |policy, value| {
        let choices = [("none", AudienceReport::None), ("strict", AudienceReport::Strict)];
        put(&mut policy.audience_report, one_of(value, choices))
    }),
    single(FOREIGN_ISSUERS, "refuse or leave", |policy, value| {
        let choices = [("refuse", ForeignIssuers::Refuse), ("leave", ForeignIssuers::Leave)];
        put(&mut policy.foreign_issuers, one_of(value, choices))
    }),
    single("Profile", "none, fapi2, smart or obbr", |policy, value| {
        let profiles = [Profile::None, Profile::Fapi2, Profile::Smart, Profile::Obbr];
        put(&mut policy.profile, one_of(value, profiles.map(|profile| (profile.name(), profile))))
    })
    .overridable(),
    single("ClockSkewInSeconds", "a whole number from 0 to 3600", |policy, value| {
        put(&mut policy.clock_skew, number(value, 0..=3600, SECOND))
    }),
    single("MaxLifetimeInMinutes", "a whole number from 1 to 1440", |policy, value| {
        put(&mut policy.max_lifetime, number(value, 1..=1440, MINUTE))
    })
    .overridable(),
    single(
        ALLOWED_ALGORITHMS,
        "an array of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, ML-DSA-44, \
         ML-DSA-65 and ML-DSA-87; never none, never HS*",
        |policy, value| {
            let more = Algorithm::parse(value).map(|algorithm| policy.allowed_algorithms.with(algorithm));
            put(&mut policy.allowed_algorithms, more)
        },
    )
    .repeatable()
    .overridable(),
    single("RequireJti", "true or false", |policy, value| put(&mut policy.require_jti, boolean(value))),
    single("CertificateValidity", "enforce, warn or ignore", |policy, value| {
        let choices = [
            ("enforce", CertificateValidity::Enforce),
            ("warn", CertificateValidity::Warn),
            ("ignore", CertificateValidity::Ignore),
        ];
        put(&mut policy.certificate_validity, one_of(value, choices))
    }),
    single("SignatureVerification", "host or guest", |policy, value| {
        put(&mut policy.verification, one_of(value, [("host", Verification::Host), ("guest", Verification::Guest)]))
    }),
];

const fn single(name: &'static str, allowed: &'static str, set: fn(&mut Policy, &str) -> Option<()>) -> Property {
    Property { name, list: false, per_client: false, allowed, set }
}

impl Property {
    const fn repeatable(self) -> Self {
        Self { list: true, ..self }
    }

    const fn overridable(self) -> Self {
        Self { per_client: true, ..self }
    }
}

fn put<T>(slot: &mut T, value: Option<T>) -> Option<()> {
    *slot = value?;
    Some(())
}

/// A whole number in range, in the unit of the policy.
fn number(value: &str, range: RangeInclusive<u64>, unit: u64) -> Option<u64> {
    Some(property::number(value, range)? * unit)
}

impl Policy {
    /// The policy of a listener entry.
    ///
    /// # Errors
    /// Every [`Problem`], in the order of the properties.
    pub fn from_properties(properties: &[(&str, &str)]) -> Result<Self, Vec<Problem>> {
        Self::default().apply(properties.iter().copied(), |_| true)
    }

    /// The one property that says whose assertions these are; it is read without the others.
    pub fn foreign_issuers(properties: &[(&str, &str)]) -> ForeignIssuers {
        let leave =
            properties.iter().any(|(name, value)| name.eq_ignore_ascii_case(FOREIGN_ISSUERS) && *value == "leave");
        if leave { ForeignIssuers::Leave } else { ForeignIssuers::Refuse }
    }

    /// Warnings about valid properties: names that differ from the documented ones in case.
    pub fn warnings(properties: &[(&str, &str)]) -> Vec<String> {
        let odd = |name: &str| {
            let property = PROPERTIES.get(find(name, |_| true)?)?;
            (property.name != name).then(|| format!("{name} is read as {}", property.name))
        };
        properties.iter().filter_map(|(name, _)| odd(name)).collect()
    }

    /// This policy with a client's overrides.
    ///
    /// # Errors
    /// Every [`Problem`]; a property that a client may not override is one.
    pub fn with_overrides(&self, settings: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let settings = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.clone().apply(settings, |property| property.per_client)
    }

    fn apply<'a>(
        mut self,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
        known: impl Fn(&Property) -> bool,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut problem = |property: &str, message| problems.push(Problem { property: property.to_owned(), message });
        let mut seen = [false; PROPERTIES.len()];
        for (name, value) in fields {
            let Some((property, seen)) = find(name, &known).and_then(|at| PROPERTIES.get(at).zip(seen.get_mut(at)))
            else {
                problem(name, unknown(name, &known));
                continue;
            };
            if *seen && !property.list {
                problem(name, format!("is given more than once; allowed is one value: {}", property.allowed));
                continue;
            }
            // The configured list replaces the default one.
            if !*seen && property.name == ALLOWED_ALGORITHMS {
                self.allowed_algorithms = AlgorithmSet::EMPTY;
            }
            *seen = true;
            if (property.set)(&mut self, value).is_none() {
                problem(name, format!("{} is not allowed; allowed is {}", Shown(value), property.allowed));
            }
        }
        if problems.is_empty() && self.algorithms().is_empty() {
            problems.push(self.no_algorithm_left());
        }
        if problems.is_empty() { Ok(self) } else { Err(problems) }
    }

    fn no_algorithm_left(&self) -> Problem {
        let configured = self.allowed_algorithms;
        let message = match self.profile {
            Profile::None => format!(
                "leaves nothing of {configured}, because SignatureVerification = guest verifies {}",
                AlgorithmSet::GUEST
            ),
            profile => format!(
                "leaves nothing of {configured}, because Profile = {} allows {}",
                profile.name(),
                profile.algorithms()
            ),
        };
        Problem { property: ALLOWED_ALGORITHMS.to_owned(), message }
    }
}

/// The position of a property. No two names differ in case alone, so this finds the exact name first.
fn find(name: &str, known: impl Fn(&Property) -> bool) -> Option<usize> {
    PROPERTIES.iter().position(|property| property.name.eq_ignore_ascii_case(name) && known(property))
}

fn unknown(name: &str, known: impl Fn(&Property) -> bool) -> String {
    let lower = name.to_ascii_lowercase();
    let distance = |property: &&Property| strsim::osa_distance(&property.name.to_ascii_lowercase(), &lower);
    match PROPERTIES.iter().filter(|property| known(property)).min_by_key(distance) {
        Some(nearest) if distance(&nearest) <= 4 => format!("is not known here; did you mean {}?", nearest.name),
        _ => {
            let names: Vec<_> = PROPERTIES.iter().filter(|property| known(property)).map(|known| known.name).collect();
            format!("is not known here; known are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem(properties: &[(&str, &str)]) -> String {
        let problems = Policy::from_properties(properties).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].to_string()
    }

    #[test]
    fn no_properties_mean_the_documented_defaults() {
        assert_eq!(Policy::from_properties(&[]), Ok(Policy::default()));
    }

    #[test]
    fn a_name_in_another_case_is_read_with_a_warning() {
        let odd = [("preventTokenReuse", "false"), ("TokenEndPointAlias", "a"), ("RequireJti", "true")];
        assert!(!Policy::from_properties(&odd).unwrap().prevent_token_reuse);
        let warnings = Policy::warnings(&odd);
        assert_eq!(
            warnings,
            ["preventTokenReuse is read as PreventTokenReuse", "TokenEndPointAlias is read as TokenEndpointAlias"]
        );
    }

    #[test]
    fn every_property_is_read() {
        let policy = Policy::from_properties(&[
            ("PreventTokenReuse", "false"),
            ("RejectBeforeInMinutes", "100"),
            ("TokenEndpointAlias", "sampleurl"),
            ("TokenEndpointAlias", "other"),
            ("EnableCacheForJTI", "False"),
            ("RetryWindowInSeconds", "30"),
            ("AudienceMode", "legacy"),
            ("AudienceReport", "strict"),
            ("ForeignIssuers", "leave"),
            ("Profile", "fapi2"),
            ("ClockSkewInSeconds", "0"),
            ("MaxLifetimeInMinutes", "5"),
            ("AllowedAlgorithms", "PS256"),
            ("AllowedAlgorithms", "ES256"),
            ("RequireJti", "false"),
            ("CertificateValidity", "warn"),
            ("SignatureVerification", "guest"),
        ]);
        let expected = Policy {
            prevent_token_reuse: false,
            reject_before: 6_000_000,
            aliases: vec!["sampleurl".to_owned(), "other".to_owned()],
            cache_jti: false,
            retry_window: 30,
            audience_mode: AudienceMode::Legacy,
            audience_report: AudienceReport::Strict,
            foreign_issuers: ForeignIssuers::Leave,
            profile: Profile::Fapi2,
            clock_skew: 0,
            max_lifetime: 300_000,
            allowed_algorithms: AlgorithmSet::EMPTY.with(Algorithm::PS256).with(Algorithm::ES256),
            require_jti: false,
            certificate_validity: CertificateValidity::Warn,
            verification: Verification::Guest,
        };
        assert_eq!(policy, Ok(expected));
    }

    #[test]
    fn foreign_issuers_are_read_alone_as_with_the_others() {
        for properties in
            [&[][..], &[("ForeignIssuers", "leave")], &[("foreignIssuers", "leave")], &[("ForeignIssuers", "refuse")]]
        {
            let policy = Policy::from_properties(properties).unwrap();
            assert_eq!(Policy::foreign_issuers(properties), policy.foreign_issuers, "{properties:?}");
        }
    }

    #[test]
    fn a_name_in_another_case_is_the_same_property() {
        let policy = Policy::from_properties(&[("preventTokenReuse", "false"), ("TokenEndPointAlias", "x")]).unwrap();
        assert!(!policy.prevent_token_reuse);
        assert_eq!(policy.aliases, ["x"]);
    }

    #[test]
    fn a_wrong_value_names_the_property_the_value_and_what_is_allowed() {
        for (name, value, message) in [
            ("PreventTokenReuse", "yes", "PreventTokenReuse: \"yes\" is not allowed; allowed is true or false"),
            (
                "RejectBeforeInMinutes",
                "-1",
                "RejectBeforeInMinutes: \"-1\" is not allowed; allowed is a whole number from 0 (off) to 525600",
            ),
            (
                "RetryWindowInSeconds",
                "301",
                "RetryWindowInSeconds: \"301\" is not allowed; allowed is a whole number from 0 (off) to 300",
            ),
            (
                "ClockSkewInSeconds",
                "3601",
                "ClockSkewInSeconds: \"3601\" is not allowed; allowed is a whole number from 0 to 3600",
            ),
            (
                "MaxLifetimeInMinutes",
                "0",
                "MaxLifetimeInMinutes: \"0\" is not allowed; allowed is a whole number from 1 to 1440",
            ),
            (
                "MaxLifetimeInMinutes",
                "1441",
                "MaxLifetimeInMinutes: \"1441\" is not allowed; allowed is a whole number from 1 to 1440",
            ),
            ("AudienceReport", "auto", "AudienceReport: \"auto\" is not allowed; allowed is none or strict"),
            ("ForeignIssuers", "", "ForeignIssuers: \"\" is not allowed; allowed is refuse or leave"),
            ("AudienceMode", "Strict", "AudienceMode: \"Strict\" is not allowed; allowed is auto, strict or legacy"),
            ("Profile", "fapi1", "Profile: \"fapi1\" is not allowed; allowed is none, fapi2, smart or obbr"),
            ("CertificateValidity", "", "CertificateValidity: \"\" is not allowed; allowed is enforce, warn or ignore"),
            (
                "SignatureVerification",
                "both",
                "SignatureVerification: \"both\" is not allowed; allowed is host or guest",
            ),
            (
                "TokenEndpointAlias",
                "",
                "TokenEndpointAlias: \"\" is not allowed; allowed is a non-empty string or an array of them",
            ),
        ] {
            assert_eq!(problem(&[(name, value)]), message);
        }
        for value in ["", "+5", " 5", "5.0", "0x5", "99999999999999999999", "1e2", "٣"] {
            assert!(Policy::from_properties(&[("ClockSkewInSeconds", value)]).is_err(), "{value}");
        }
    }

    #[test]
    fn numbers_are_accepted_up_to_their_limits() {
        for (name, value) in [
            ("RejectBeforeInMinutes", "0"),
            ("RejectBeforeInMinutes", "525600"),
            ("RetryWindowInSeconds", "0"),
            ("RetryWindowInSeconds", "300"),
            ("ClockSkewInSeconds", "3600"),
            ("MaxLifetimeInMinutes", "1"),
            ("MaxLifetimeInMinutes", "1440"),
        ] {
            assert!(Policy::from_properties(&[(name, value)]).is_ok(), "{name} = {value}");
        }
    }

    #[test]
    fn symmetric_algorithms_and_none_are_problems() {
        for name in ["none", "HS256", "HS512", "rs256", "ES256K"] {
            assert!(problem(&[("AllowedAlgorithms", name)]).contains("never none, never HS*"), "{name}");
        }
    }

    #[test]
    fn an_unknown_property_names_the_nearest_known_one() {
        assert_eq!(
            problem(&[("RejectBeforeInMinuts", "1")]),
            "RejectBeforeInMinuts: is not known here; did you mean RejectBeforeInMinutes?"
        );
        assert!(problem(&[("Colour", "red")]).contains("known are PreventTokenReuse, "));
    }

    #[test]
    fn a_single_value_given_twice_is_a_problem_even_in_another_case() {
        assert!(problem(&[("Profile", "none"), ("profile", "none")]).contains("more than once"));
    }

    #[test]
    fn a_combination_that_leaves_no_algorithm_is_a_problem() {
        assert!(problem(&[("AllowedAlgorithms", "RS256"), ("Profile", "fapi2")]).contains("Profile = fapi2"));
        assert!(problem(&[("AllowedAlgorithms", "ES256"), ("Profile", "smart")]).contains("smart allows RS384, ES384"));
        let guest = [("AllowedAlgorithms", "ES512"), ("SignatureVerification", "guest")];
        assert!(problem(&guest).contains("SignatureVerification = guest"));
        assert!(Policy::from_properties(&[("AllowedAlgorithms", "ES512")]).is_ok());
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let problems =
            Policy::from_properties(&[("Colour", "red"), ("Profile", "x"), ("RequireJti", "1")]).unwrap_err();
        assert_eq!(
            problems.iter().map(|problem| problem.property.as_str()).collect::<Vec<_>>(),
            ["Colour", "Profile", "RequireJti"]
        );
    }

    #[test]
    fn a_client_overrides_five_properties_and_no_others() {
        let base = Policy::default();
        let settings = |pairs: &[(&str, &str)]| -> Vec<_> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let good = settings(&[
            ("PreventTokenReuse", "false"),
            ("AudienceMode", "strict"),
            ("Profile", "fapi2"),
            ("MaxLifetimeInMinutes", "2"),
            ("AllowedAlgorithms", "ES256"),
        ]);
        let policy = base.with_overrides(&good).unwrap();
        assert_eq!(policy.algorithms(), AlgorithmSet::EMPTY.with(Algorithm::ES256));
        assert_eq!((policy.max_lifetime, policy.audience_mode), (120_000, AudienceMode::Strict));
        for name in [
            "RequireJti",
            "ClockSkewInSeconds",
            "RetryWindowInSeconds",
            "ForeignIssuers",
            "AudienceReport",
            "SignatureVerification",
            "CertificateValidity",
        ] {
            assert!(base.with_overrides(&settings(&[(name, "1")])).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_properties_make_it_panic(fields in prop::collection::vec((".{0,24}", ".{0,24}"), 0..6)) {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let _ = Policy::from_properties(&fields);
        }

        #[test]
        fn every_number_in_range_is_read_as_it_is(minutes in 0u64..=525_600) {
            let policy = Policy::from_properties(&[("RejectBeforeInMinutes", &minutes.to_string())]).unwrap();
            prop_assert_eq!(policy.reject_before, minutes * 60_000);
        }
    }
}
