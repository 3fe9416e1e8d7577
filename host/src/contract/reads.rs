//! What a plug-in declared to read of a request.
//!
//! A plug-in is shown the parameters and headers that it declared, and no others: an authenticator of signed assertions
//! never sees a code or a password.

use std::collections::BTreeSet;

use crate::contract::request::Request;
use crate::contract::text::printable;
use dropins_services::is_unseen;

/// The form parameters and headers that a plug-in reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reads {
    form: BTreeSet<String>,
    headers: BTreeSet<String>,
}

/// A declaration that is neither `form:NAME` nor `header:name`, with its control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` in `reads` is neither `form:NAME` nor `header:name` in lower case")]
pub struct ReadsFormat(pub String);

impl Reads {
    /// Parses declarations such as `form:client_assertion` and `header:authorization`.
    ///
    /// # Errors
    /// [`ReadsFormat`] names the first one that is malformed.
    pub fn parse<'a>(declarations: impl IntoIterator<Item = &'a String>) -> Result<Self, ReadsFormat> {
        let mut reads = Self::default();
        for declaration in declarations {
            let malformed = || ReadsFormat(printable(declaration));
            if declaration.contains(is_unseen) {
                return Err(malformed());
            }
            match declaration.split_once(':').ok_or_else(malformed)? {
                ("form", name) if !name.is_empty() => reads.form.insert(name.to_owned()),
                ("header", name) if !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase()) => {
                    reads.headers.insert(name.to_owned())
                }
                _ => return Err(malformed()),
            };
        }
        Ok(reads)
    }

    /// Whether the request carries anything that the plug-in reads. `client_id` alone is no signal, and an empty
    /// parameter counts as absent (RFC 6749 section 3.1).
    pub fn signalled_by(&self, request: &Request) -> bool {
        self.form_of(request).any(|(name, value)| name != "client_id" && !value.is_empty())
            || self.headers_of(request).next().is_some()
    }

    /// Whether it reads this form parameter.
    pub(crate) fn parameter(&self, name: &str) -> bool {
        self.form.contains(name)
    }

    /// The form parameters that it reads.
    pub(crate) fn form(&self) -> impl Iterator<Item = &str> {
        self.form.iter().map(String::as_str)
    }

    /// The headers that it reads.
    pub(crate) fn headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(String::as_str)
    }

    pub(crate) fn form_of<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = &'a (String, String)> {
        request.form.iter().filter(|(name, _)| self.form.contains(name))
    }

    /// Whether this header is declared.
    pub(crate) fn header(&self, name: &str) -> bool {
        self.headers.contains(name)
    }

    pub(crate) fn headers_of<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = &'a (String, String)> {
        request.headers.iter().filter(|(name, _)| self.header(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::request::Fields;

    fn pairs(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn reads(declarations: &[&str]) -> Reads {
        Reads::parse(&declarations.iter().map(|&d| d.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_plug_in_sees_only_what_it_declared() {
        let reads = reads(&["form:client_assertion", "header:dpop"]);
        let request = Request {
            form: pairs(&[("password", "x"), ("client_assertion", "a"), ("client_assertion", "b")]),
            headers: pairs(&[("cookie", "x"), ("dpop", "y")]),
            ..Request::default()
        };
        assert_eq!(reads.form_of(&request).count(), 2, "repetitions are shown");
        assert_eq!(reads.headers_of(&request).collect::<Vec<_>>(), [&("dpop".to_owned(), "y".to_owned())]);
    }

    #[test]
    fn the_client_id_and_empty_parameters_are_no_signal() {
        let reads = reads(&["form:client_id", "form:client_secret"]);
        let signalled = |form| reads.signalled_by(&Request { form: pairs(form), ..Request::default() });
        assert!(!signalled(&[("client_id", "a"), ("client_secret", "")]));
        assert!(signalled(&[("client_id", "a"), ("client_secret", "s")]));
    }

    #[test]
    fn malformed_declarations_are_rejected() {
        for wrong in ["client_assertion", "form:", "header:Authorization", "query:x"] {
            assert_eq!(Reads::parse(&[wrong.to_owned()]), Err(ReadsFormat(wrong.to_owned())));
        }
        assert_eq!(Reads::parse(&["form:a\n".to_owned()]), Err(ReadsFormat("form:a\\n".to_owned())));
    }
}
