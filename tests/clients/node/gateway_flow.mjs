// openid-client with private_key_jwt through a gateway, in front of a server that knows client secrets only: client
// credentials and a replay, pushed request, code with PKCE, refresh, introspection, revocation.
//
// Usage: node gateway_flow.mjs JOB, a JSON file {issuer, client_id, key_file, redirect_uri}; prints what happened as JSON.

import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { importPKCS8 } from 'jose';
import * as oidc from 'openid-client';

// Node 18 has them, but not as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const { issuer, client_id, key_file, redirect_uri } = JSON.parse(await readFile(process.argv[2], 'utf8'));
const key = await importPKCS8(await readFile(key_file, 'utf8'), 'ES256');
const client = { client_id, id_token_signed_response_alg: 'ES256' };
const discover = (options) => oidc.discovery(new URL(issuer), client_id, client, oidc.PrivateKeyJwt(key, options));

const config = await discover();
const own = await oidc.clientCredentialsGrant(config);
const repeating = await discover({ [oidc.modifyAssertion]: (_, claims) => void (claims.jti = 'the same every time') });
await oidc.clientCredentialsGrant(repeating);
const replay = await oidc.clientCredentialsGrant(repeating).then(() => null, (error) => error.error);

const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
const url = await oidc.buildAuthorizationUrlWithPAR(config, {
  redirect_uri,
  scope: 'openid',
  state,
  nonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
});
const callback = new URL(await signIn(url));
const checks = { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
const tokens = await oidc.authorizationCodeGrant(config, callback, checks);
const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
const user = await oidc.fetchUserInfo(config, refreshed.access_token, tokens.claims().sub);
const before = await oidc.tokenIntrospection(config, refreshed.access_token);
await oidc.tokenRevocation(config, refreshed.access_token);
const after = await oidc.tokenIntrospection(config, refreshed.access_token);
console.log(JSON.stringify({
  metadata: config.serverMetadata(),
  own: typeof own.access_token,
  replay,
  pushed: url.searchParams.has('request_uri'),
  id_token: tokens.claims(),
  rotated: refreshed.refresh_token !== tokens.refresh_token,
  user: user.sub,
  before,
  after,
}));

// A browser without script: it follows redirects, keeps cookies, fills the form of each page, and stops at the client.
async function signIn(start) {
  const cookies = new Map();
  let [next, form] = [new URL(start), null];
  for (let step = 0; step < 20; step += 1) {
    if (next.href.startsWith(redirect_uri)) return next.href;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const post = form && { method: 'POST', body: new URLSearchParams(form) };
    const answer = await fetch(next, { redirect: 'manual', headers: { cookie }, ...post });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location) {
      [next, form] = [new URL(location, next), null];
      continue;
    }
    const page = await answer.text();
    const action = page.match(/<form[^>]*action="([^"]*)"/)?.[1];
    const prompt = page.match(/name="prompt" value="([^"]*)"/)?.[1];
    if (!action || !prompt) throw new Error(`no form at ${next}: ${answer.status} ${page}`);
    next = new URL(action, next);
    form = prompt === 'login' ? { prompt, login: 'alice', password: 'any' } : { prompt };
  }
  throw new Error('the sign-in does not end');
}
