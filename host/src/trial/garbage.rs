//! Requests that prove nothing: without a credential, and with garbage in everything that a plug-in reads.
//!
//! The garbage is shaped like the credentials of common methods, so it gets further than the first check.

use dropins_services::UnixMillis;

use crate::contract::reads::Reads;
use crate::contract::request::Request;
use crate::trial::empty_server::EmptyServer;
use crate::trial::probe::{Expected, Trial};

/// Long enough for a plug-in that rejects short values at once.
const GARBAGE: [&str; 6] = [
    "garbage garbage garbage",
    "Z2FyYmFnZQ.Z2FyYmFnZQ.Z2FyYmFnZQ",
    // {"alg":"none"} and {"iss":"nobody","sub":"nobody"}, without a signature.
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJub2JvZHkiLCJzdWIiOiJub2JvZHkifQ.",
    "Basic bm9ib2R5Om5vdGhpbmc=",
    "Bearer Z2FyYmFnZQ.Z2FyYmFnZQ.Z2FyYmFnZQ",
    "\u{0}\r\n\u{1b}[2J%00\u{202e}\u{1f511}\u{fffd}",
];

/// The trials that every plug-in must pass.
pub(super) fn trials(reads: &Reads, now: UnixMillis) -> Vec<Trial> {
    let empty = trial("a request that carries no credential", Request::default(), Expected::Unclaimed, now);
    let garbage = GARBAGE.into_iter().flat_map(|value| requests(reads, value));
    let garbage = garbage.map(|request| trial("a garbage credential", request, Expected::Refused, now));
    std::iter::once(empty).chain(garbage).collect()
}

fn trial(name: &'static str, request: Request, expected: Expected, now: UnixMillis) -> Trial {
    let url = |path: &str| format!("https://canary.invalid{path}");
    let request = Request { endpoint: url("/token"), issuer: url(""), token_endpoint: url("/token"), ..request };
    Trial { name, services: EmptyServer::services(now), request, expected }
}

/// The value in each field alone, in all fields, and in all of them twice.
fn requests(reads: &Reads, value: &str) -> Vec<Request> {
    let fields = |names: &mut dyn Iterator<Item = &str>| -> Vec<(String, String)> {
        names.map(|name| (name.to_owned(), value.to_owned())).collect()
    };
    let (form, headers) = (fields(&mut reads.form()), fields(&mut reads.headers()));
    let alone_in_form = form.iter().map(|field| Request { form: [field.clone()].into(), ..Request::default() });
    let alone_in_header = headers.iter().map(|field| Request { headers: [field.clone()].into(), ..Request::default() });
    let mut all: Vec<_> = alone_in_form.chain(alone_in_header).collect();
    all.push(Request {
        form: [&form[..], &form].concat().into(),
        headers: headers.as_slice().into(),
        ..Request::default()
    });
    all.push(Request { form: form.into(), headers: headers.into(), ..Request::default() });
    // Only what a live request could show to the plug-in.
    all.retain(|request| reads.signalled_by(request));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_read_is_filled_alone_and_together() {
        let declared = ["form:client_id", "form:client_secret", "header:authorization"].map(str::to_owned);
        let reads = Reads::parse(&declared).unwrap();
        let requests = requests(&reads, "x");
        let counts: Vec<_> = requests.iter().map(|request| (request.form.len(), request.headers.len())).collect();
        assert_eq!(counts, [(1, 0), (0, 1), (4, 1), (2, 1)], "a client id alone is no signal");
        assert_eq!(trials(&reads, 0).len(), 1 + GARBAGE.len() * 4);
    }
}
