//! Components that were built against earlier versions of the contract: kept bytes, never rebuilt.

use dropins_host::{ApiVersion, Candidate, Verdict};
use dropins_keys::{Algorithm, KeyFamily};

use crate::shipped::{Server, assertion};
use crate::{ENGINE, authenticated};

const BUILT_AGAINST_0_2_0: &[u8] = include_bytes!("../fixtures/private_key_jwt-0.2.0.wasm");

#[tokio::test]
async fn a_component_built_against_0_2_0_still_loads_and_authenticates() {
    let candidate = Candidate::new("old.wasm", BUILT_AGAINST_0_2_0);
    let contract = candidate.contract().unwrap();
    assert_eq!(contract.version, ApiVersion::V0_2);
    assert!(contract.exports.contains(&"dropins:client-auth/client-authenticator@0.2.0".to_owned()), "{contract:?}");
    let old = candidate.validate(&ENGINE).await.unwrap();
    assert_eq!(old.description().name, "private_key_jwt_authenticator");

    for verification in ["host", "guest"] {
        let properties = [("SignatureVerification", verification)];
        let server = Server::of(std::slice::from_ref(&old), KeyFamily::P256, &properties).await;
        let assertion = assertion(&server.key, Algorithm::Es256, "one");
        authenticated(&server.post(&assertion).await);
        let again = server.post(&assertion).await.verdict;
        assert!(matches!(&again, Verdict::Rejected(rejection) if rejection.reason == "replayed"), "{again:?}");
    }
}
