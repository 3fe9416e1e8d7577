// A person allows a client, in a browser, and the client's redirect URI is printed with all that came along.
//
// Usage: node sign_in.mjs JOB, a JSON file {url, redirect_uri, username, password, screenshots}.

import { readFile } from 'node:fs/promises';
import { authorize } from './browser.mjs';

const visit = JSON.parse(await readFile(process.argv[2], 'utf8'));
console.log(JSON.stringify({ arrived_at: await authorize(visit) }));
