//! The smallest plug-in, which panics when a request asks for it: the place and the text reach the log of the server.

use dropins_plugin::{
    Authenticated, Authenticator, Description, Fields, Problem, Refusal, Report, Request, Services, property,
};

#[allow(unreachable_pub, dead_code, missing_docs, reason = "the macro declares what a plug-in exports")]
mod rules {
    dropins_plugin::rules! {
        NeverBroken "never-broken" InvalidRequest "a rule" "an example" "Nothing to fix.";
    }
}
use rules::Reason;

/// The plug-in.
#[derive(Debug)]
pub struct Panicking;

impl Authenticator for Panicking {
    type Reason = Reason;
    type Policy = ();

    const DESCRIPTION: Description = Description {
        name: "panicking",
        aliases: &[],
        version: "1.0.0",
        summary: "Panics on request.",
        methods: &["panic"],
        reads: &["form:panic"],
        assertion_types: &[],
    };

    fn policy(properties: Fields<'_, '_>) -> Result<(), Vec<Problem>> {
        property::none(properties)
    }

    fn can_authenticate(_: Fields<'_, '_>, request: &Request<'_>) -> bool {
        request.parameter("panic") == Some("now")
    }

    fn claimed_client(_: &Request<'_>) -> Option<String> {
        None
    }

    #[expect(clippy::panic, reason = "this is what it is for")]
    fn authenticate(
        (): &(),
        request: &Request<'_>,
        _: &Services<'_>,
        _: &mut Report<Reason>,
    ) -> Result<Authenticated<Reason>, Refusal<Reason>> {
        panic!("the request asked\nfor {:?}", request.parameter("panic"))
    }
}

dropins_plugin::export!(Panicking);
