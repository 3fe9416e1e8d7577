//! JDBC URLs, as configurations of WSO2 Identity Server have them, read as the URLs of the drivers here.
//!
//! User, password, TLS and schema keep their meaning; parameters for the Java driver only are left out and named. A
//! parameter whose name is no name is rejected: it may be the rest of a password that was not encoded.

use dropins_database::{OpenError, ServerUrl};

/// Reads what follows `jdbc:`; also returns the names of the parameters that have no meaning here.
///
/// # Errors
/// [`OpenError::BadUrl`], which never repeats the URL.
pub(super) fn parse(text: &str) -> Result<(ServerUrl, Vec<String>), OpenError> {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    // Where the configuration becomes XML, `&` is written as there.
    let query = query.replace("&amp;", "&");
    let mut kept: Vec<(&str, String)> = Vec::new();
    let (mut username, mut password, mut ignored) = (None, None, Vec::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            let detail = "the name of a parameter has a character that names do not have".to_owned();
            return Err(OpenError::BadUrl { detail });
        }
        let value = value.into_owned();
        match name.to_ascii_lowercase().as_str() {
            "user" => username = Some(value),
            "password" => password = Some(value),
            "ssl" | "usessl" => kept.push(("useSSL", value)),
            "requiressl" => kept.push(("require_ssl", value)),
            "sslmode" | "ssl-mode" => kept.push(("sslmode", value)),
            "sslrootcert" | "ssl-ca" => kept.push(("sslrootcert", value)),
            "currentschema" => kept.push(("options", format!("-c search_path={}", value.replace(' ', "\\ ")))),
            // What the drivers here always do.
            "autoreconnect" | "allowpublickeyretrieval" => {}
            _ => ignored.push(name.into_owned()),
        }
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    let url = ServerUrl::parse(&format!("{place}?{query}"))?;
    Ok((url.with_credentials(username.as_deref(), password.as_deref()), ignored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_the_java_driver_are_left_out_and_named() {
        let text = "mysql://h:3306/db?useUnicode=true&amp;characterEncoding=UTF-8&useSSL=false&autoReconnect=true";
        let (url, ignored) = parse(text).unwrap();
        assert_eq!(url, ServerUrl::parse("mysql://h:3306/db").unwrap());
        assert_eq!(ignored, ["useUnicode", "characterEncoding"]);
    }

    #[test]
    fn what_has_a_meaning_here_keeps_it() {
        for (jdbc, ours) in [
            ("postgresql://h/d", "postgresql://h/d"),
            ("postgresql://h/d?user=u&password=p%26q", "postgresql://u:p%26q@h/d"),
            ("postgresql://h/d?ssl=true", "postgresql://h/d?sslmode=require"),
            ("postgresql://h/d?ssl=false", "postgresql://h/d"),
            (
                "postgresql://h/d?sslmode=verify-full&sslrootcert=/r.pem",
                "postgresql://h/d?sslmode=require&ssl-ca=/r.pem",
            ),
            ("postgresql://h/d?currentSchema=is", "postgresql://h/d?options=-c%20search_path%3Dis"),
            ("mariadb://h/d?sslMode=VERIFY_CA", "mariadb://h/d?sslmode=require"),
            ("mysql://h/d?requireSSL=true", "mysql://h/d?useSSL=true"),
        ] {
            let (url, ignored) = parse(jdbc).unwrap();
            assert_eq!(url, ServerUrl::parse(ours).unwrap(), "{jdbc}");
            assert_eq!(ignored, [""; 0], "{jdbc}");
        }
    }

    #[test]
    fn the_rest_of_a_password_is_not_taken_for_a_parameter() {
        let error = parse("mysql://u:hun?ter2@h/d").unwrap_err().to_string();
        assert!(!error.contains("ter2"), "{error}");
        assert!(parse("h2:./repository/database/x").is_err(), "no URL of a server");
        assert!(parse("mariadb://h/d?sslMode=trust").is_err(), "TLS that verifies nothing");
    }
}
