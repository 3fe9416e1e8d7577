// A token for {{client}}, with a fresh assertion for each request.
// npm install jose{{run}}
import { createPrivateKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SignJWT } from 'jose';

const clientId = {{client}};
const assertion = await new SignJWT()
    .setProtectedHeader({{header}})
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience({{audience}})
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('{{lifetime}} seconds')
    .sign(createPrivateKey(readFileSync({{key}})));

const response = await fetch({{token_endpoint}}, {
    method: 'POST',
    body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
    }),
});
console.log(JSON.stringify(await response.json()));
