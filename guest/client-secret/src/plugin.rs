//! The plug-in: its names, what it reads of a request, and the trait that it is exported by. It has no properties.

use dropins_plugin::{Authenticator, Description, Fields, Log, Problem, Request, Services};

use crate::authenticate::authenticate;
use crate::credential::{Credential, Method};
use crate::reason::{Reason, Refusal, Report};
use crate::request::is_engaged;

/// The authenticator of client secrets.
#[derive(Debug)]
pub struct ClientSecret;

impl Authenticator for ClientSecret {
    type Reason = Reason;

    const DESCRIPTION: Description = Description {
        name: "client_secret_authenticator",
        // The class of WSO2 Identity Server, full and simple.
        aliases: &[
            "org.wso2.carbon.identity.oauth2.client.authentication.BasicAuthClientAuthenticator",
            "BasicAuthClientAuthenticator",
        ],
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        methods: &[Method::Basic.name(), Method::Post.name()],
        reads: &["form:client_id", "form:client_secret", "header:authorization"],
    };

    fn check_config(properties: Fields<'_, '_>, _: &dyn Log) -> Vec<Problem> {
        let message = "is not known here; client_secret_authenticator has no properties";
        properties
            .iter()
            .map(|(name, _)| Problem { property: (*name).to_owned(), message: message.to_owned() })
            .collect()
    }

    fn can_authenticate(request: &Request<'_>) -> bool {
        is_engaged(request)
    }

    fn claimed_client(request: &Request<'_>) -> Option<String> {
        let credential = Credential::from_request(request).map(|credential| credential.client_id);
        credential.ok().or_else(|| request.parameter("client_id").map(str::to_owned))
    }

    fn authenticate(
        _: Fields<'_, '_>,
        request: &Request<'_>,
        services: &Services<'_>,
        _: &mut Report,
    ) -> Result<dropins_plugin::Client, Refusal> {
        let client = authenticate(request, services.clients)?;
        Ok(dropins_plugin::Client { id: client.id, method: client.method.name(), attributes: Vec::new() })
    }
}

dropins_plugin::export!(ClientSecret);
