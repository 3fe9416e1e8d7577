//! Why a client has no key at all, as the operator is told.

use dropins_config::{Deployment, Home};
use dropins_keys::keystore::CertificateStores;

use super::registered::RegisteredClient;

/// What endings keystores have.
const KEYSTORES: [&str; 4] = ["jks", "p12", "pfx", "pkcs12"];

/// A sentence about a client that needs a key, registered none, and has none in the keystores.
pub fn keyless(
    client: &RegisteredClient,
    home: &Home,
    deployment: &Deployment,
    keystores: &CertificateStores,
) -> Option<String> {
    if !client.needs_keystore() {
        return None;
    }
    let stores = &deployment.keystores;
    let lack = match keystores.find(&client.registration.id) {
        Ok(Some(_)) => return None,
        Err(error) => return Some(error.to_string()),
        Ok(None) if stores.primary.is_none() && stores.trust.is_none() => "no keystore is configured",
        Ok(None) => "the configured keystore has no entry with this alias",
    };
    let configured: Vec<_> = [&stores.primary, &stores.tls, &stores.trust].into_iter().flatten().collect();
    let files = std::fs::read_dir(home.security()).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let mut idle: Vec<_> = names
        .filter(|name| name.rsplit('.').next().is_some_and(|ending| KEYSTORES.contains(&ending)))
        .filter(|name| configured.iter().all(|keystore| keystore.file_name != *name))
        .collect();
    idle.sort();
    let idle = match idle.as_slice() {
        [] => String::new(),
        names => format!(
            "; {} in repository/resources/security is not configured: name it in [keystore.primary]",
            names.join(", ")
        ),
    };
    Some(format!("the client has no key at all: it registers none, and {lack}{idle}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_config::{Environment, parse};
    use dropins_protocol::ClientRecord;

    #[test]
    fn what_is_missing_is_named_and_so_is_a_keystore_that_is_not_configured() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        std::fs::create_dir_all(home.security()).unwrap();
        let record = ClientRecord { client_id: "app".to_owned(), enabled: true, ..ClientRecord::default() };
        let (client, _) = RegisteredClient::of_record(record, 0);
        let say = |text: &str| {
            let (deployment, _) = parse(text, &Environment::default()).unwrap();
            keyless(&client, &home, &deployment, &CertificateStores::default()).unwrap()
        };
        assert!(say("").ends_with("it registers none, and no keystore is configured"), "{}", say(""));
        for file in ["wso2carbon.jks", "tls-key.pem"] {
            std::fs::write(home.security().join(file), "").unwrap();
        }
        assert!(say("").contains("configured; wso2carbon.jks in repository/resources/security is not"), "{}", say(""));
        let configured = say("[keystore.primary]\nfile_name = 'wso2carbon.jks'\npassword = 'x'");
        assert!(configured.ends_with("the configured keystore has no entry with this alias"), "{configured}");
    }
}
