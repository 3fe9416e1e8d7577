//! The address of a database server, with its credentials kept out of `Debug` and of every message.
//!
//! `scheme://user:password@host:port/database?parameters`, as each driver defines it; several hosts are allowed where the
//! driver allows them. The parameters for TLS are read here, the same for every database: `sslmode` (`ssl-mode`,
//! `useSSL`, `require_ssl`) and `sslrootcert` (`ssl-ca`), a PEM file. TLS always verifies chain and host name.
//! Opportunistic TLS stops no attacker, so `prefer` reads as `disable`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::open_error::OpenError;

/// The address of a database server.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    scheme: String,
    user: Option<String>,
    password: Option<String>,
    /// Hosts and database, as written.
    place: String,
    /// What the driver reads.
    parameters: Vec<(String, String)>,
    tls: Option<Tls>,
}

/// How the server proves its identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The certificates to trust; by default the system's (PostgreSQL) or the driver's.
    pub roots: Option<PathBuf>,
}

impl ServerUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`OpenError::BadUrl`], which never repeats the URL.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let bad = |detail: &str| OpenError::BadUrl { detail: detail.to_owned() };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("it has no scheme"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password.to_owned())),
            None => (credentials, None),
        };
        let mut url = Self {
            scheme: scheme.to_ascii_lowercase(),
            user: (!user.is_empty()).then(|| user.to_owned()),
            password,
            place: format!("{hosts}{path}"),
            parameters: Vec::new(),
            tls: None,
        };
        let (mut wanted, mut roots) = (url.scheme == "rediss", None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.to_ascii_lowercase().as_str() {
                "sslmode" | "ssl-mode" => wanted = tls_mode(&value).ok_or_else(|| bad("its TLS mode is unknown"))?,
                "usessl" | "require_ssl" => wanted = switch(&value).ok_or_else(|| bad("its TLS mode is unknown"))?,
                "sslrootcert" | "ssl-ca" => roots = Some(PathBuf::from(value.as_ref())),
                _ => url.parameters.push((name.into_owned(), value.into_owned())),
            }
        }
        url.tls = wanted.then_some(Tls { roots });
        Ok(url)
    }

    /// The address of one database on one server, for configurations that name the parts.
    ///
    /// # Errors
    /// [`OpenError::BadUrl`] when the scheme or the host is not one.
    pub fn of(scheme: &str, host: &str, port: Option<u16>, database: &str) -> Result<Self, OpenError> {
        if host.is_empty() || host.contains(['/', '@', '?', '#']) {
            return Err(OpenError::BadUrl { detail: "its host is not a host name or an address".to_owned() });
        }
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Self::parse(&format!("{scheme}://{host}{port}/{}", encoded(database)))
    }

    /// The same address with this user and password where it has none of its own.
    #[must_use]
    pub fn with_credentials(mut self, user: Option<&str>, password: Option<&str>) -> Self {
        self.user = self.user.or_else(|| user.map(encoded));
        self.password = self.password.or_else(|| password.map(encoded));
        self
    }

    /// The same address with this port where a host has none, so that messages name it.
    #[must_use]
    pub fn with_default_port(mut self, port: u16) -> Self {
        let (hosts, path) = self.place.split_at(self.place.find('/').unwrap_or(self.place.len()));
        let named = |host: &str| host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let with_port =
            |host: &str| if host.is_empty() || named(host) { host.to_owned() } else { format!("{host}:{port}") };
        self.place = format!("{}{path}", hosts.split(',').map(with_port).collect::<Vec<_>>().join(","));
        self
    }

    /// The same address, with the file of `sslrootcert` in this folder where it is relative.
    #[must_use]
    pub fn with_files_in(mut self, folder: &Path) -> Self {
        if let Some(roots) = self.tls.as_mut().and_then(|tls| tls.roots.as_mut()) {
            *roots = folder.join(&*roots);
        }
        self
    }

    /// The scheme in lower case.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The address for messages: without password and parameters.
    pub fn shown(&self) -> String {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        format!("{}://{user}{}", self.scheme, self.place)
    }

    /// The URL for a driver, under the scheme that the driver knows, with the password and without the TLS parameters.
    pub fn for_driver(&self, scheme: &str) -> String {
        let user = self.user.as_deref().unwrap_or_default();
        let credentials = match &self.password {
            Some(password) => format!("{user}:{password}@"),
            None if user.is_empty() => String::new(),
            None => format!("{user}@"),
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.parameters);
        let query = Some(query.finish()).filter(|query| !query.is_empty());
        let query = query.map(|query| format!("?{}", query.replace('+', "%20"))).unwrap_or_default();
        format!("{scheme}://{credentials}{}{query}", self.place)
    }

    /// How to use TLS, when the URL asks for it.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ServerUrl").field(&self.shown()).finish()
    }
}

fn tls_mode(mode: &str) -> Option<bool> {
    match mode.to_ascii_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" | "allow" | "prefer" | "preferred" => Some(false),
        "require" | "required" | "verify-ca" | "verify-full" | "verify-identity" => Some(true),
        _ => None,
    }
}

/// Rejects what is neither on nor off: read as off, it would silently switch TLS off.
fn switch(value: &str) -> Option<bool> {
    value.to_ascii_lowercase().parse().ok()
}

/// Percent-encoded for any part of a URL.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_printed_holds_the_password() {
        let url = ServerUrl::parse("postgresql://u:hunter2@h:5432/identity?sslmode=require&options=hunter2").unwrap();
        assert_eq!(format!("{url:?}"), r#"ServerUrl("postgresql://u@h:5432/identity")"#);
        for bad in ["hunter2", "u:hunter2@h", "mysql://u:hunter2@h/d?sslmode=hunter2"] {
            assert!(!ServerUrl::parse(bad).unwrap_err().to_string().contains("hunter2"));
        }
    }

    #[test]
    fn the_driver_gets_everything_but_the_parameters_for_tls() {
        let url =
            ServerUrl::parse("postgresql://u:p%40@a:1,b:2/d?ssl-ca=/r.pem&application_name=x%20y&sslmode=verify-full");
        let url = url.unwrap();
        assert_eq!(url.for_driver("postgresql"), "postgresql://u:p%40@a:1,b:2/d?application_name=x%20y");
        assert_eq!(url.tls(), Some(&Tls { roots: Some("/r.pem".into()) }));
    }

    #[test]
    fn a_relative_certificate_file_is_in_the_given_folder() {
        for (named, found) in [("ca.pem", "/conf/ca.pem"), ("/ca.pem", "/ca.pem")] {
            let url = ServerUrl::parse(&format!("mysql://h/d?sslmode=require&sslrootcert={named}")).unwrap();
            let url = url.with_files_in(Path::new("/conf"));
            assert_eq!(url.tls(), Some(&Tls { roots: Some(found.into()) }));
        }
        let plain = ServerUrl::parse("mysql://h/d").unwrap();
        assert_eq!(plain.clone().with_files_in(Path::new("/conf")), plain);
    }

    #[test]
    fn tls_is_on_when_the_url_asks_for_it() {
        for (text, wanted) in [
            ("postgresql://h/d", false),
            ("postgresql://h/d?sslmode=prefer", false),
            ("postgresql://h/d?sslmode=require", true),
            ("mysql://h/d?useSSL=false", false),
            ("mysql://h/d?useSSL=true", true),
            ("mysql://h/d?require_ssl=TRUE", true),
            ("mysql://h/d?ssl-mode=VERIFY_IDENTITY", true),
            ("redis://h", false),
            ("rediss://h", true),
        ] {
            assert_eq!(ServerUrl::parse(text).unwrap().tls().is_some(), wanted, "{text}");
        }
        for text in ["mysql://h/d?useSSL=1", "mysql://h/d?useSSL", "mysql://h/d?ssl-mode=on"] {
            assert!(ServerUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_is_named_where_there_is_none() {
        for (text, shown) in [
            ("redis://h", "redis://h:7"),
            ("redis://h:1/0", "redis://h:1/0"),
            ("redis://u@[::1]/0", "redis://u@[::1]:7/0"),
            ("redis://[::1]:1", "redis://[::1]:1"),
            ("redis://a,b:1/d", "redis://a:7,b:1/d"),
            ("redis:///d", "redis:///d"),
        ] {
            assert_eq!(ServerUrl::parse(text).unwrap().with_default_port(7).shown(), shown, "{text}");
        }
    }

    #[test]
    fn credentials_fill_what_the_url_lacks() {
        let full = |text: &str| {
            ServerUrl::parse(text).unwrap().with_credentials(Some("a b"), Some("p@:/")).for_driver("mysql")
        };
        assert_eq!(full("mysql://h/d"), "mysql://a%20b:p%40%3A%2F@h/d");
        assert_eq!(full("mysql://u@h/d"), "mysql://u:p%40%3A%2F@h/d");
        assert_eq!(full("mysql://u:p@h/d"), "mysql://u:p@h/d");
        let parts = ServerUrl::of("mysql", "::1", Some(3306), "a/b").unwrap();
        assert_eq!(parts.for_driver("mysql"), "mysql://[::1]:3306/a%2Fb");
        assert!(ServerUrl::of("mysql", "h@x", None, "d").is_err());
    }
}
