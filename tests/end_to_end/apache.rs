//! Debian's Apache with mod_auth_openidc as a client: a person signs in, and the module proves itself with
//! `private_key_jwt`.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};

use reqwest::Method;

use crate::authorize::TestBrowser;
use crate::home::{TestHome, free_address};
use crate::http::{Answer, Http, Request};
use crate::keys::generate;
use crate::program::{command, installed, skip};
use crate::server::Server;
use crate::wait::until;

const MODULES: &str = "/usr/lib/apache2/modules";
const PASSWORD: &str = "correct horse";

/// Apache, killed when it is dropped.
struct Apache(Child);

impl Drop for Apache {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn configuration(home: &TestHome, pages: &Path, url: &str, address: &str) -> String {
    let (root, issuer) = (home.root(), home.issuer());
    let (certificate, key) = (home.conf("apache.pem"), home.conf("apache-private.pem"));
    let modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "dir", "auth_openidc"];
    let modules: Vec<_> =
        modules.iter().map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so")).collect();
    format!(
        "{}\nServerRoot {root}\nServerName localhost\nPidFile {root}/apache.pid\nListen {address}\n\
         ErrorLog {root}/apache.log\nUser www-data\nGroup www-data\nDocumentRoot {}\nDefaultRuntimeDir {root}\n\
         OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration\nOIDCSSLValidateServer Off\n\
         OIDCClientID apache\nOIDCPublicKeyFiles {}\nOIDCPrivateKeyFiles {}\n\
         OIDCProviderTokenEndpointAuth private_key_jwt\n\
         OIDCRedirectURI {url}/protected/callback\nOIDCCryptoPassphrase secret-of-the-test\nOIDCScope \"openid\"\n\
         OIDCPKCEMethod S256\nOIDCResponseType code\n\
         <Location /protected>\nAuthType openid-connect\nRequire valid-user\n</Location>\n",
        modules.join("\n"),
        pages.display(),
        certificate.display(),
        key.display()
    )
}

#[test]
fn a_person_signs_in_at_apache_and_the_module_authenticates_with_its_key() {
    if !installed(&["apache2"]) {
        return;
    }
    if !Path::new(MODULES).join("mod_auth_openidc.so").is_file() {
        return skip("mod_auth_openidc is not installed");
    }
    let home = TestHome::new();
    let address = free_address();
    let url = format!("http://127.0.0.1:{}", address.port());
    generate(&home, "apache", "rsa-2048");
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"apache\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         certificate_file = \"apache.pem\"\ngrant_types = [\"authorization_code\"]\n\
         redirect_uris = [\"{url}/protected/callback\"]\n"
    ));
    let password = home.path("password");
    std::fs::write(&password, PASSWORD).unwrap();
    home.dropins(&["user", "add", "jane", "--password-file", password.to_str().unwrap()]).succeeded();
    let server = Server::start(&home);

    // Apache reads pages as a user who may not read the home.
    let pages = tempfile::tempdir().unwrap();
    std::fs::set_permissions(pages.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(pages.path().join("protected")).unwrap();
    std::fs::write(pages.path().join("protected/index.html"), "for people who are signed in").unwrap();
    let file = home.path("apache.conf");
    std::fs::write(&file, configuration(&home, pages.path(), &url, &address.to_string())).unwrap();
    let mut apache = command("apache2");
    apache.args(["-X", "-f", file.to_str().unwrap()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _apache = Apache(apache.spawn().unwrap());

    let http = Http::new(home.https, &home.authority());
    let mut cookies = BTreeMap::new();
    let mut get = |target: &str| -> Option<Answer> {
        let pairs: Vec<_> = cookies.iter().map(|(name, value): (&String, &String)| format!("{name}={value}")).collect();
        let answer = http
            .try_send(
                Request::new(Method::GET, target).header("cookie", pairs.join("; ")).header("accept", "text/html"),
            )
            .ok()?;
        for set in &answer.cookies {
            let (name, value) = set.split(';').next().and_then(|pair| pair.split_once('=')).unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        Some(answer)
    };
    let log = || std::fs::read_to_string(home.path("apache.log")).unwrap_or_default();
    let start = until("apache answers", || get(&format!("{url}/protected/index.html")));
    assert_eq!(start.status, 302, "{start:?}\n{}", log());
    let browser = TestBrowser::new(&server);
    let consent = browser.sign_in(&browser.open(start.header("location")), PASSWORD);
    let returned = browser.submit(&consent, &[("decision", "allow")]);
    let back = get(returned.header("location")).unwrap();
    assert_eq!(back.status, 302, "{back:?}\n{}", log());
    let page = get(back.header("location")).unwrap();
    assert_eq!((page.status, page.body.as_str()), (200, "for people who are signed in"), "{}", log());
    let line = server.logged("outcome=\"authenticated\"");
    assert!(line.contains("client=\"apache\"") && line.contains("method=\"private_key_jwt\""), "{line}");
}
