// The plug-in under Node, without a server: `npm test`.
import assert from 'node:assert/strict';
import test from 'node:test';

import { logged } from './host.js';

const { clientAuthenticator: plugin } = await import('./plugin.js');

const request = (...keys) => ({
  endpoint: 'https://server.example/oauth2/token',
  issuer: 'https://server.example',
  tokenEndpoint: 'https://server.example/oauth2/token',
  form: [],
  headers: keys.map((value) => ({ name: 'x-api-key', value })),
  now: 1_700_000_000_000n,
});

const judge = (...keys) => plugin.authenticate([], request(...keys));

test('a key names its client, on the condition that it is the secret', () => {
  const { tag, val } = judge('pump-7:drip:drop');
  assert.equal(tag, 'authenticated');
  assert.equal(val.client.id, 'pump-7');
  assert.deepEqual(val.conditions, [{ reason: 'wrong-key', requirement: { tag: 'secret', val: 'drip:drop' } }]);
  assert.equal(plugin.clientId(request('pump-7:drip')), 'pump-7');
});

test('what is malformed is rejected and never shown', () => {
  for (const key of ['drip', ':drip', 'pump-7:', '']) {
    const { tag, val } = judge(key);
    assert.deepEqual([tag, val.reason], ['rejected', 'malformed-key']);
    assert.ok(!JSON.stringify(val).includes('drip'));
  }
  assert.equal(judge('pump-7:drip', 'pump-8:drip').val.reason, 'repeated-header');
});

test('another request is not claimed', () => {
  assert.equal(judge().tag, 'unclaimed');
  assert.equal(plugin.canAuthenticate([], request()), false);
});

test('a property is a mistake', () => {
  assert.deepEqual(plugin.checkConfig([]), []);
  assert.equal(plugin.checkConfig([{ name: 'Mode', value: 'strict' }])[0].property, 'Mode');
});

test('what is thrown is in the log', () => {
  assert.throws(() => plugin.authenticate([], undefined), TypeError);
  assert.match(logged.at(-1), /^error TypeError/);
});
