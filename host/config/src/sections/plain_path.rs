//! Paths that every server reads alike: no percent-encoding, no empty, `.` or `..` segment, no path parameter.
//!
//! Two servers that read one path differently are a way around the judge between them, so a path that leaves room for a
//! second reading is none.

/// Whether it starts with a slash and has one reading only.
pub fn is_plain_path(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| {
        // One slash at the end is a way to write the same path.
        let segments = rest.strip_suffix('/').unwrap_or(rest).split('/');
        path == "/" || segments.into_iter().all(is_plain_segment)
    })
}

fn is_plain_segment(segment: &str) -> bool {
    // The characters of a segment (RFC 3986 section 3.3) without `%`, and without `;`, at which some servers cut.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_one_reading_is_plain() {
        for path in
            ["/", "/a", "/a/", "/oauth2/token", "/realms/demo/.well-known/openid-configuration", "/a.b/...", "/~u/@x"]
        {
            assert!(is_plain_path(path), "{path}");
        }
    }

    #[test]
    fn a_path_that_two_servers_may_read_differently_is_not() {
        for path in [
            "", "a", "*", "//", "//a", "/a//b", "/a//", "/./a", "/a/.", "/a/./", "/../a", "/a/..", "/a/../b", "/%61",
            "/a%2fb", "/a%", "/a;b", "/a/..;/b", "/a\\b", "/a/..\\b", "/a b", "/a\tb", "/é", "/a\0", "/a?b", "/a#b",
            "/a\"b", "/[a]", "/a|b",
        ] {
            assert!(!is_plain_path(path), "{path:?}");
        }
    }
}
