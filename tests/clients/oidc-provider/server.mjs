// A server with the clients of the job file: client credentials, access tokens signed with ES256, state in memory.

import { readFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const { issuer, clients } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const algorithms = clients.map((client) => client.alg);
const jwt = { accessTokenFormat: "jwt", accessTokenTTL: 3600, scope: "", jwt: { sign: { alg: "ES256" } } };

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" }] },
  clientAuthMethods: ["private_key_jwt"],
  enabledJWA: { clientAuthSigningAlgValues: algorithms },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: { enabled: true, defaultResource: () => issuer, getResourceServerInfo: () => jwt },
  },
  clients: clients.map(({ client_id, alg, jwk }) => ({
    client_id,
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: alg,
    jwks: { keys: [jwk] },
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    id_token_signed_response_alg: "ES256",
  })),
  routes: { token: "/oauth2/token" },
});
const listening = provider.listen(0, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${listening.address().port}`);
});
