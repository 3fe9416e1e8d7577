// openid-client or oauth4webapi from discovery to revocation: pushed request, browser, code with PKCE, refresh,
// introspection; the client authenticates with private_key_jwt at every endpoint.
//
// Usage: node code_flow.mjs JOB, a JSON file {library, issuer, client_id, key_file, redirect_uri, scope, username,
// password, id_token_alg}; prints what happened as JSON. Without id_token_alg, the client knows only the default of
// OpenID Connect. The script is what a client developer would write.

import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRemoteJWKSet, importPKCS8, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { authorize } from './browser.mjs';

// Node 18 has them, but not as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const job = JSON.parse(await readFile(process.argv[2], 'utf8'));
const { client_id, redirect_uri, scope, username, password } = job;
const client = { client_id, id_token_signed_response_alg: job.id_token_alg };
const key = await importPKCS8(await readFile(job.key_file, 'utf8'), 'ES256');
const visit = (url) => authorize({ url, redirect_uri, username, password });
const libraries = { 'openid-client': withOpenidClient, oauth4webapi: withOauth4webapi };
console.log(JSON.stringify(await libraries[job.library]()));

async function withOpenidClient() {
  const config = await oidc.discovery(new URL(job.issuer), client_id, client, oidc.PrivateKeyJwt(key));
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = await oidc.buildAuthorizationUrlWithPAR(config, {
    redirect_uri,
    scope,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const callback = new URL(await visit(url.href));
  const checks = { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await oidc.authorizationCodeGrant(config, callback, checks);
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  const before = await oidc.tokenIntrospection(config, refreshed.access_token);
  await oidc.tokenRevocation(config, refreshed.refresh_token);
  const after = await oidc.tokenIntrospection(config, refreshed.access_token);
  return report(config.serverMetadata(), url, callback, tokens, tokens.claims(), refreshed, before, after);
}

async function withOauth4webapi() {
  const issuer = new URL(job.issuer);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' }));
  const authentication = oauth.PrivateKeyJwt(key);
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const pushed = await oauth.processPushedAuthorizationResponse(server, client,
    await oauth.pushedAuthorizationRequest(server, client, authentication, {
      response_type: 'code',
      redirect_uri,
      scope,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }));
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({ client_id, request_uri: pushed.request_uri });
  const callback = new URL(await visit(url.href));
  const parameters = oauth.validateAuthResponse(server, client, callback, state);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client,
    await oauth.authorizationCodeGrantRequest(server, client, authentication, parameters, redirect_uri, verifier),
    { expectedNonce: nonce, requireIdToken: true });
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  const refreshed = await oauth.processRefreshTokenResponse(server, client,
    await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token));
  const introspect = async () => oauth.processIntrospectionResponse(server, client,
    await oauth.introspectionRequest(server, client, authentication, refreshed.access_token));
  const before = await introspect();
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, authentication, refreshed.refresh_token));
  return report(server, url, callback, tokens, claims, refreshed, before, await introspect());
}

async function report(server, url, callback, tokens, id_token, refreshed, before, after) {
  const expected = { issuer: job.issuer, audience: client_id, algorithms: [job.id_token_alg ?? 'RS256'] };
  const { protectedHeader } = await jwtVerify(tokens.id_token, createRemoteJWKSet(new URL(server.jwks_uri)), expected);
  return {
    id_token_alg: protectedHeader.alg,
    pushed: url.searchParams.has('request_uri') && !url.searchParams.has('scope'),
    iss: callback.searchParams.get('iss'),
    scope: tokens.scope,
    id_token,
    rotated: refreshed.refresh_token !== tokens.refresh_token,
    before,
    after,
  };
}
