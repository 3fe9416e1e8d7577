//! The labels of metrics.
//!
//! Their values are bounded: outcomes, plug-in names, algorithms and codes, never client ids or addresses.

use std::borrow::Cow;

/// Names with values, in the order in which they are printed.
pub type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// One label.
pub fn label(name: &'static str, value: impl Into<Cow<'static, str>>) -> Labels<1> {
    [(name, value.into())]
}
