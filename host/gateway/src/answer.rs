//! The headers of an upstream's answer on its way to the client: all but those of the connection.

use http::header::HeaderMap;

use crate::headers::{connection_options, of_the_connection};

/// Removes what belongs to the connection to the upstream. `Content-Length` stays, because it describes the body.
pub fn onward(headers: &mut HeaderMap) {
    let listed = connection_options(headers);
    let names: Vec<_> = headers.keys().cloned().collect();
    for name in names {
        let of_the_connection = of_the_connection(name.as_str()) && name != http::header::CONTENT_LENGTH;
        if of_the_connection || listed.iter().any(|option| option.eq_ignore_ascii_case(name.as_str())) {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[test]
    fn only_headers_of_the_connection_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, x-named"),
            ("keep-alive", "timeout=5"),
            ("x-named", "1"),
            ("transfer-encoding", "chunked"),
            ("content-length", "7"),
            ("cache-control", "no-store"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        onward(&mut headers);
        let mut names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["cache-control", "content-length", "set-cookie", "set-cookie"]);
    }
}
