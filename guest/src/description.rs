//! What the plug-in says about itself: its names and what it reads of a request.
//!
//! It reads nothing but the three parameters of RFC 7521 section 4.2; whether a second method is used at the same
//! time is for the host to see, which asks every plug-in.

/// The plug-in's name.
pub const NAME: &str = "private_key_jwt_authenticator";

/// Other names under which a listener entry may enable it: the class of WSO2 Identity Server, full and simple.
pub const ALIASES: [&str; 2] = [
    "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator",
    "PrivateKeyJWTClientAuthenticator",
];

/// The client authentication method (OpenID Connect Core section 9).
pub const METHOD: &str = "private_key_jwt";

/// What it reads of a request.
pub const READS: [&str; 3] = ["form:client_assertion", "form:client_assertion_type", "form:client_id"];
