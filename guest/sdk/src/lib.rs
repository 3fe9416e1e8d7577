//! What the authors of plug-ins share: an authenticator is one trait, [`Authenticator`], exported by [`export!`].
//!
//! Everything but `component.rs` is plain Rust without WIT types: a plug-in judges a [`Request`] by its rules
//! ([`rules!`]) with the [`Services`] of the host. Its tests run natively against a server made of values (`testing`).
//! A plug-in that judges signed assertions begins with [`assertion`].

pub mod assertion;
mod authenticator;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod component;
mod condition;
#[doc(hidden)]
pub mod names;
#[cfg(target_family = "wasm")]
mod no_wasi;
pub mod property;
mod rejection;
mod report;
mod request;
mod rule;
mod services;
mod shown;
#[cfg(all(feature = "testing", not(target_family = "wasm")))]
pub mod testing;

pub use authenticator::{Authenticated, Authenticator, Client, Description, Problem, joined};
/// Strict JSON: no duplicate member, bounded nesting, nothing after the value.
pub use dropins_strict_json as json;

pub use condition::{Condition, Requirement, Unused};
pub use rejection::{Refusal, Rejection};
pub use report::{Check, Report, State};
pub use request::{Fields, Request};
pub use rule::{OAuthError, Reason, Rule};
pub use services::{
    Clients, Hint, KeyDescription, Keys, Level, Log, LookupError, PublicKey, Registration, Services, Unsupported,
};
pub use shown::{Shown, ShownOr};

/// Exports an [`Authenticator`] from a crate of type `cdylib`, with the section `dropins:names` of its names; on other
/// targets than wasm it does nothing.
#[macro_export]
macro_rules! export {
    ($authenticator:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "code that wit-bindgen generates, and a section with a name")]
        const _: () = {
            type Exported = $crate::component::Component<$authenticator>;
    $crate::component::export_component!(Exported with_types_in $crate::component);

            const DESCRIPTION: $crate::Description = <$authenticator as $crate::Authenticator>::DESCRIPTION;
            #[used]
            #[unsafe(link_section = "dropins:names")]
            static NAMES: [u8; $crate::names::length(&DESCRIPTION)] = $crate::names::section(&DESCRIPTION);
        };
    };
}
