// openid-client and jose against a running server: discovery, a token for every client, and a replay.
//
// Usage: node authenticate.mjs JOB, a JSON file {issuer, clients: [{client_id, key_file, alg, id_token_alg}]}; prints what
// happened as JSON. A client without id_token_alg knows only the default of OpenID Connect. The
// script is what a client developer would write: nothing in it is of the project.

import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRemoteJWKSet, importPKCS8, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

// Node 18 has them, but not as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const job = JSON.parse(await readFile(process.argv[2], 'utf8'));
const results = [];
for (const [number, client] of job.clients.entries()) {
  results.push(await authenticate(client, number % 2 === 0 ? 'oidc' : 'oauth2'));
}
console.log(JSON.stringify(results));

async function authenticate({ client_id, key_file, alg, id_token_alg }, metadata) {
  const key = await importPKCS8(await readFile(key_file, 'utf8'), alg);
  // The library calls every Ed25519 key `Ed25519` (RFC 9864); most deployed clients still write `EdDSA`.
  const header = (header) => {
    if (alg === 'EdDSA') header.alg = alg;
  };
  const discover = (authentication) => {
    const client = { id_token_signed_response_alg: id_token_alg };
    return oidc.discovery(new URL(job.issuer), client_id, client, authentication, { algorithm: metadata });
  };
  const config = await discover(oidc.PrivateKeyJwt(key, { [oidc.modifyAssertion]: header }));
  const tokens = await oidc.clientCredentialsGrant(config, { scope: 'openid' });
  const jwks = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
  const expected = { issuer: job.issuer, subject: client_id };
  const access = await jwtVerify(tokens.access_token, jwks, {
    ...expected, algorithms: ['ES256'], audience: job.issuer, typ: 'at+jwt', requiredClaims: ['exp', 'iat', 'jti'],
  });
  const id = await jwtVerify(tokens.id_token, jwks, {
    ...expected, algorithms: [id_token_alg ?? 'RS256'], audience: client_id, requiredClaims: ['exp', 'iat'],
  });

  const jti = `the same every time, ${client_id}`;
  const repeated = (_, claims) => {
    claims.jti = jti;
  };
  const repeating = await discover(oidc.PrivateKeyJwt(key, { [oidc.modifyAssertion]: repeated }));
  const first = await outcome(repeating);
  const second = await outcome(repeating);
  return {
    client_id,
    alg,
    methods: config.serverMetadata().token_endpoint_auth_methods_supported,
    access_token: { header: access.protectedHeader, claims: access.payload },
    id_token: { header: id.protectedHeader, claims: tokens.claims() },
    first,
    second,
  };
}

async function outcome(config) {
  try {
    await oidc.clientCredentialsGrant(config);
    return { status: 200 };
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError) {
      return { status: error.status, error: error.error, description: error.error_description };
    }
    throw error;
  }
}
