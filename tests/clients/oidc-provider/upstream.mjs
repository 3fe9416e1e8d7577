// A server behind a proxy, as its documentation says: it believes X-Forwarded-*, knows client_secret_basic only, and
// signs people in with the development pages of the library. State in memory.
//
// Usage: node upstream.mjs JOB, a JSON file {issuer, clients: [{client_id, client_secret, redirect_uri}]}. Prints
// `listening on URL`, and afterwards one line for each POST that it receives.

import { readFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const { issuer, clients, port = 0 } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" }] },
  cookies: { keys: ["a key for tests"] },
  clientAuthMethods: ["client_secret_basic"],
  issueRefreshToken: () => true,
  rotateRefreshToken: () => true,
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
  },
  clients: clients.map(({ client_id, client_secret, redirect_uri }) => ({
    client_id,
    client_secret,
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    redirect_uris: [redirect_uri],
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
  })),
});
provider.proxy = true;
provider.use(async (ctx, next) => {
  if (ctx.method === "POST") console.log(`${ctx.method} ${ctx.path}`);
  await next();
});
const listening = provider.listen(port, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${listening.address().port}`);
});
