// An authenticator in JavaScript: the header `x-api-key: CLIENT:SECRET`. The host compares the secret.
const method = 'api_key_javascript';
const sent = (request) => request.headers.find((header) => header.name === 'x-api-key')?.value;

export const clientAuthenticator = {
  describe: () => ({
    name: method, aliases: [], version: '1.0.0', summary: 'A key in a header.',
    methods: [method], reads: ['header:x-api-key'], assertionTypes: [],
  }),
  checkConfig: () => [],
  algorithms: () => [],
  canAuthenticate: (_properties, request) => sent(request) !== undefined,
  clientId: (request) => sent(request)?.split(':')[0],
  authenticate(_properties, request) {
    const [id, secret] = sent(request)?.split(':') ?? [];
    if (!secret) {
      return { tag: 'rejected', val: { error: 'invalid_client', reason: 'malformed-key', detail: 'expected CLIENT:SECRET' } };
    }
    const condition = { reason: 'wrong-key', requirement: { tag: 'secret', val: secret } };
    return { tag: 'authenticated', val: { client: { id, method, attributes: [] }, conditions: [condition] } };
  },
};
