// The client authenticator `sample_key`: the header `X-Api-Key: CLIENT:KEY`.
//
// It says which client the request names. Whether KEY is that client's secret is a condition that the host settles: no
// secret and no hash of one is ever in here, and an unknown client takes as long as a wrong key.
import { emit } from 'dropins:client-auth/log@0.2.0';

const METHOD = 'sample_key';
const HEADER = 'x-api-key';

const sent = (request) => request.headers.filter((header) => header.name === HEADER).map((header) => header.value);

const rejected = (error, reason, detail) => ({ tag: 'rejected', val: { error, reason, detail } });

const authenticator = {
  describe: () => ({
    name: METHOD,
    aliases: [],
    version: '0.1.0',
    summary: 'A key in a header.',
    methods: [METHOD],
    reads: [`header:${HEADER}`],
    assertionTypes: [],
  }),

  checkConfig: (properties) =>
    properties.map(({ name }) => ({ property: name, message: `is not known; ${METHOD} has no properties` })),

  algorithms: () => [],

  canAuthenticate: (_properties, request) => sent(request).length > 0,

  clientId: (request) => sent(request)[0]?.split(':')[0],

  authenticate(_properties, request) {
    const keys = sent(request);
    if (keys.length === 0) return { tag: 'unclaimed' };
    if (keys.length > 1) {
      return rejected('invalid_request', 'repeated-header', `expected one ${HEADER}; received ${keys.length}`);
    }
    const [id, ...rest] = keys[0].split(':');
    const key = rest.join(':');
    if (id === '' || key === '') {
      return rejected('invalid_request', 'malformed-key', 'expected CLIENT:KEY; received something else');
    }
    const client = { id, method: METHOD, attributes: [] };
    const condition = { reason: 'wrong-key', requirement: { tag: 'secret', val: key } };
    return { tag: 'authenticated', val: { client, conditions: [condition] } };
  },
};

// What is thrown goes to the server's log, and on to the host: the request is refused with 500, never let through.
const reporting = (method) => (...given) => {
  try {
    return method(...given);
  } catch (error) {
    emit('error', `${error} ${error?.stack ?? ''}`.replaceAll('\n', ' '));
    throw error;
  }
};

export const clientAuthenticator = Object.fromEntries(
  Object.entries(authenticator).map(([name, method]) => [name, reporting(method)]),
);
