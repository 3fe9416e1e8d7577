//! `deployment.toml` of WSO2 Identity Server, made into one of this home.
//!
//! The text stays as its operator wrote it. What must not be taken over is commented out, what this server needs and the
//! file lacks is appended; the result has no problem, or nothing is written.

use dropins_config::{Deployment, Environment, Listener, PluginSelector, Problems, parse};

/// The database that this server would convert.
const DATABASE: &str = "database.identity_db";

const KEY_LISTENER: &str = "\n[[event_listener]]\nid = \"private_key_jwt_authenticator\"\n\
    type = \"org.wso2.carbon.identity.core.handler.AbstractIdentityHandler\"\n\
    name = \"org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator\"\n\
    order = 899\nenable = true\n";
const SECRET_LISTENER: &str = "\n[[event_listener]]\nid = \"client_secret_authenticator\"\nfile = \"client_secret_authenticator.wasm\"\norder = 900\n\
     enable = true\n";

/// A configuration for this home.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) text: String,
    pub(super) deployment: Deployment,
    /// What was changed.
    pub(super) notes: Vec<String>,
}

/// A keystore of the old server that its configuration leaves to the default.
pub(super) struct DefaultKeystore {
    /// `keystore.primary` or `truststore`.
    pub(super) section: &'static str,
    pub(super) file_name: String,
    pub(super) password: &'static str,
}

/// Converts a text that is right.
pub(super) fn convert(
    text: &str,
    environment: &Environment,
    keep_database: bool,
    keystores: &[DefaultKeystore],
) -> Result<Converted, Problems> {
    let (deployment, _) = parse(text, environment)?;
    let mut notes = Vec::new();
    let mut converted = format!(
        "# From WSO2 Identity Server, by `dropins migrate wso2`. Keys without meaning here are accepted.\n\n{}\n",
        text.trim_end()
    );
    if deployment.database != dropins_config::Database::Sqlite && !keep_database {
        converted = comment_out(&converted, DATABASE);
        notes.push(format!(
            "[{DATABASE}] is commented out, so that the old server goes on with its database; with --keep-database this server \
             uses that database, and converts IDN_OIDC_JTI in it"
        ));
    }
    let mut append = |toml: &str, note: String| {
        converted.push_str(toml);
        notes.push(note);
    };
    if !has_listener(&deployment.listeners, &["PrivateKeyJWTClientAuthenticator", "private_key_jwt_authenticator"]) {
        append(KEY_LISTENER, "added the listener for private_key_jwt".to_owned());
    }
    if !has_listener(&deployment.listeners, &["client_secret_authenticator"]) {
        append(SECRET_LISTENER, "added the listener for secrets of clients".to_owned());
    }
    for DefaultKeystore { section, file_name, password } in keystores {
        let toml = format!("\n[{section}]\nfile_name = \"{file_name}\"\npassword = \"{password}\"\n");
        append(
            &toml,
            format!("added [{section}] for {file_name}, which has the password of a new installation: change it"),
        );
    }
    let (deployment, _) = parse(&converted, environment)?;
    Ok(Converted { text: converted, deployment, notes })
}

fn has_listener(listeners: &[Listener], names: &[&str]) -> bool {
    listeners.iter().any(|listener| {
        let (PluginSelector::Name(plugin) | PluginSelector::File(plugin)) = &listener.plugin;
        names.iter().any(|name| plugin.contains(name))
    })
}

/// Comments out a section with those below it.
fn comment_out(text: &str, section: &str) -> String {
    let mut inside = false;
    let line = |line: &str| {
        if let Some(header) = line.trim_start().strip_prefix('[') {
            let name = header.trim_start_matches('[').split(']').next().unwrap_or_default().trim();
            inside = name.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        }
        if inside && !line.trim().is_empty() { format!("# {line}\n") } else { format!("{line}\n") }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn converted(text: &str, keep_database: bool) -> Converted {
        let environment = Environment::new(Path::new("/srv/is"), [], []);
        convert(text, &environment, keep_database, &[]).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[test]
    fn a_database_server_is_left_to_the_old_server_unless_it_is_kept() {
        let text = "[server]\nhostname = 'h'\n[database.identity_db]\nurl = 'jdbc:postgresql://h/is'\nusername = 'u'\n\
                    password = 'p'\n[database.identity_db.pool_options]\nmaxActive = '80'\n[oauth]\ntimestamp_skew = '5s'\n";
        let left = converted(text, false);
        assert_eq!(left.deployment.database, dropins_config::Database::Sqlite);
        assert!(left.text.contains("# maxActive = '80'\n[oauth]\n"), "{}", left.text);
        assert!(left.notes[0].contains("--keep-database"));
        assert_ne!(converted(text, true).deployment.database, dropins_config::Database::Sqlite);
    }

    #[test]
    fn listeners_are_added_only_where_the_file_has_none() {
        let both = converted("", false);
        assert_eq!(both.deployment.listeners.len(), 2);
        assert_eq!(both.notes.len(), 2);
        let own = "[[event_listener]]\nid = 'x'\norder = '10'\nname = 'org.wso2.carbon.identity.oauth2.token.handler.clientauth.\
                   jwt.PrivateKeyJWTClientAuthenticator'\n[event_listener.properties]\nPreventTokenReuse = false\n";
        let one = converted(own, false);
        assert_eq!(one.deployment.listeners.len(), 2);
        assert_eq!(one.deployment.listeners[0].order, 10);
        assert!(one.text.contains(own.trim_end()), "the text stays as it was written");
    }

    #[test]
    fn the_file_of_every_release_is_converted() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/src/schema/wso2");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<_> = files.filter(|file| file.extension().is_some_and(|ending| ending == "toml")).collect();
        assert!(files.len() >= 7, "{files:?}");
        for file in files {
            let converted = converted(&std::fs::read_to_string(&file).unwrap(), false);
            assert_eq!(converted.deployment.listeners.len(), 2, "{}", file.display());
            assert_eq!(converted.deployment.issuer(), "https://localhost:9443");
        }
    }
}
