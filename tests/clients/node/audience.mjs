// Client libraries in their default settings, each with a token by client credentials: the server notes which audience
// each of them sends.
//
// Usage: node audience.mjs JOB, a JSON file {issuer, clients: {LIBRARY: {client_id, key_file}}}.

import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { exportJWK, importPKCS8 } from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { Issuer } from 'openid-client-5';

// Node 18 has them, but not as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const job = JSON.parse(await readFile(process.argv[2], 'utf8'));

const libraries = {
  async 'openid-client 6'({ client_id }, key) {
    const config = await oidc.discovery(new URL(job.issuer), client_id, {}, oidc.PrivateKeyJwt(key));
    return oidc.clientCredentialsGrant(config);
  },
  async 'openid-client 5'({ client_id }, key) {
    const issuer = await Issuer.discover(job.issuer);
    const metadata = { client_id, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' };
    const client = new issuer.Client(metadata, { keys: [{ ...await exportJWK(key), alg: 'ES256', use: 'sig' }] });
    return client.grant({ grant_type: 'client_credentials' });
  },
  async 'oauth4webapi 3'({ client_id }, key) {
    const issuer = new URL(job.issuer);
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
    const client = { client_id };
    const response = await oauth.clientCredentialsGrantRequest(server, client, oauth.PrivateKeyJwt(key), {});
    return oauth.processClientCredentialsResponse(server, client, response);
  },
};

for (const [library, authenticate] of Object.entries(libraries)) {
  const client = job.clients[library];
  const key = await importPKCS8(await readFile(client.key_file, 'utf8'), 'ES256', { extractable: true });
  const { access_token } = await authenticate(client, key);
  if (!access_token) throw new Error(`${library} has no token`);
}
