// openid-client from sign-in to RP-initiated logout: code with PKCE, userinfo, the end of the session, and proof that it
// ended.
//
// Usage: node logout.mjs JOB, a JSON file {issuer, client_id, key_file, redirect_uri, post_logout_redirect_uri, scope,
// username, password, id_token_alg}; prints what happened as JSON.

import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { importPKCS8 } from 'jose';
import * as oidc from 'openid-client';
import { authorize } from './browser.mjs';

// Node 18 has them, but not as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const job = JSON.parse(await readFile(process.argv[2], 'utf8'));
const { client_id, redirect_uri, post_logout_redirect_uri, scope, username, password } = job;
const key = await importPKCS8(await readFile(job.key_file, 'utf8'), 'ES256');
const client = { client_id, id_token_signed_response_alg: job.id_token_alg };
const config = await oidc.discovery(new URL(job.issuer), client_id, client, oidc.PrivateKeyJwt(key));
const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
const code_challenge = await oidc.calculatePKCECodeChallenge(pkceCodeVerifier);
const request = { redirect_uri, scope, code_challenge, code_challenge_method: 'S256' };
const result = {};

await authorize({
  url: oidc.buildAuthorizationUrl(config, request).href,
  redirect_uri,
  username,
  password,
  async afterwards(arrived, open) {
    const checks = { pkceCodeVerifier, idTokenExpected: true };
    const tokens = await oidc.authorizationCodeGrant(config, new URL(arrived), checks);
    const { sub } = tokens.claims();
    result.sub = sub;
    result.userinfo = await oidc.fetchUserInfo(config, tokens.access_token, sub);
    const silent = oidc.buildAuthorizationUrl(config, { ...request, prompt: 'none' }).href;
    result.before = Object.fromEntries(new URL(await open(silent, redirect_uri)).searchParams);
    const end = { id_token_hint: tokens.id_token, post_logout_redirect_uri, state: 'bye & bye' };
    result.left_to = await open(oidc.buildEndSessionUrl(config, end).href, post_logout_redirect_uri);
    result.after = Object.fromEntries(new URL(await open(silent, redirect_uri)).searchParams);
  },
});
console.log(JSON.stringify(result));
