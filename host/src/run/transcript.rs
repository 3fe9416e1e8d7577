//! The bytes that make a repeated request the same request: endpoint, form, and the headers that carry credentials.
//!
//! Every text follows its length and every list its count, so two requests have the same transcript only if they agree
//! in all of these, byte for byte and in order. It contains no time. It is copied for every call and hashed only if a
//! plug-in asks for a retry window.

use sha2::Digest as _;

use crate::contract::reads::Reads;
use crate::contract::request::Request;

/// Headers that carry credentials; they count whether or not the plug-in reads them.
const CREDENTIALS: [&str; 4] = ["authorization", "cookie", "dpop", "proxy-authorization"];

/// What a repetition of a request must agree in.
pub(crate) struct Transcript(Vec<u8>);

impl Transcript {
    /// The transcript of a request to a plug-in with these declarations.
    pub(crate) fn of(request: &Request, reads: &Reads) -> Self {
        let headers: Vec<&(String, String)> = request
            .headers
            .iter()
            .filter(|(name, _)| CREDENTIALS.contains(&name.as_str()) || reads.header(name))
            .collect();
        let mut transcript = Self(Vec::new());
        transcript.text(&request.endpoint);
        transcript.fields(request.form.iter());
        transcript.fields(headers.into_iter());
        transcript
    }

    /// SHA-256 over it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        sha2::Sha256::digest(&self.0).into()
    }

    fn fields<'a>(&mut self, fields: impl ExactSizeIterator<Item = &'a (String, String)>) {
        self.count(fields.len());
        for (name, value) in fields {
            self.text(name);
            self.text(value);
        }
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::contract::request::Fields;

    fn pairs(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn add(fields: &mut Fields, name: &str, value: &str) {
        *fields = fields.iter().cloned().chain([(name.to_owned(), value.to_owned())]).collect();
    }

    fn request() -> Request {
        Request {
            endpoint: "https://as.example/oauth2/token".to_owned(),
            form: pairs(&[("scope", "a b"), ("client_assertion", "x.y.z")]),
            headers: pairs(&[("host", "as.example"), ("dpop", "proof"), ("x-certificate", "pem")]),
            ..Request::default()
        }
    }

    fn digest(request: &Request) -> [u8; 32] {
        Transcript::of(request, &Reads::parse(&["header:x-certificate".to_owned()]).unwrap()).digest()
    }

    #[test]
    fn whatever_a_repetition_must_agree_in_changes_the_digest() {
        let changed = |change: fn(&mut Request)| {
            let mut other = request();
            change(&mut other);
            digest(&other) != digest(&request())
        };
        assert!(!changed(|_| ()));
        assert!(changed(|other| other.endpoint.push('/')), "the endpoint");
        assert!(changed(|other| Arc::make_mut(&mut other.form)[0].1.push('c')), "a value");
        assert!(changed(|other| Arc::make_mut(&mut other.form)[0].0.push('s')), "a name");
        assert!(changed(|other| Arc::make_mut(&mut other.form).swap(0, 1)), "the order");
        assert!(changed(|other| add(&mut other.form, "scope", "")), "an empty parameter");
        assert!(changed(|other| Arc::make_mut(&mut other.headers)[1].1.push('!')), "a credential");
        assert!(changed(|other| Arc::make_mut(&mut other.headers)[2].1.push('!')), "a header that the plug-in reads");
        assert!(changed(|other| add(&mut other.headers, "authorization", "Basic x")));
        assert!(changed(|other| add(&mut other.headers, "dpop", "proof")), "a repetition");
    }

    #[test]
    fn what_proxies_add_does_not() {
        let mut other = request();
        add(&mut other.headers, "x-request-id", "2");
        assert_eq!(digest(&other), digest(&request()));
    }

    #[test]
    fn what_moves_across_a_border_changes_the_digest() {
        let form = |fields| digest(&Request { form: pairs(fields), headers: Fields::default(), ..request() });
        let headers = |fields| digest(&Request { form: Fields::default(), headers: pairs(fields), ..request() });
        assert_ne!(form(&[("ab", "c")]), form(&[("a", "bc")]));
        assert_ne!(form(&[("a", "b"), ("c", "d")]), form(&[("a", "bcd")]));
        assert_ne!(form(&[("dpop", "x")]), headers(&[("dpop", "x")]));
    }
}
