// An operator in a real browser: works at the console without scripts, then every page is looked at.
//
// Usage: node console.mjs JOB, a JSON file {part: 'register' | 'operate', state, …}. The session is kept in the file
// `state` between the parts. Fields and buttons are found by their labels, as a screen reader finds them. axe-core judges
// every page; it is run by the browser protocol, in a browser of its own with scripts, because the pages have none.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const QUIET = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };

const job = JSON.parse(await readFile(process.argv[2], 'utf8'));
const at = (path) => new URL(path, job.address).href;

/** The main text of the page, one line. */
const text = async (page) => (await page.locator('main').innerText()).replace(/\s+/g, ' ');

async function register(page) {
  await page.goto(job.address);
  await page.getByLabel('One-time code').fill('AAAAA-AAAAA-AAAAA-AAAAA');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const refused = await page.getByRole('alert').innerText();
  await page.getByLabel('One-time code').fill(job.code);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  await page.getByRole('link', { name: 'Keystores' }).click();
  await page.getByRole('link', { name: 'Primary keystore' }).click();
  await page.getByLabel('Alias', { exact: true }).fill(job.client_id);
  await page.getByLabel('Certificate (PEM, DER)').setInputFiles(job.certificate);
  await page.getByRole('button', { name: 'Import' }).click();
  const imported = await page.getByRole('status').innerText();

  await page.getByRole('link', { name: 'Clients' }).click();
  await page.getByRole('link', { name: 'Add a client' }).click();
  await page.getByLabel('Client ID', { exact: true }).fill(job.client_id);
  await page.getByLabel('Name', { exact: true }).fill('Today’s app');
  await page.getByLabel('Authentication method').selectOption('private_key_jwt');
  await page.getByLabel('Scope', { exact: true }).fill('orders.read orders.write');
  // No grant type is a mistake; the form comes back as it was.
  await page.getByLabel('client_credentials').uncheck();
  await page.getByRole('button', { name: 'Add the client' }).click();
  const mistake = await page.getByRole('alert').innerText();
  await page.getByLabel('client_credentials').check();
  await page.getByRole('button', { name: 'Add the client' }).click();
  const added = await page.getByRole('status').innerText();
  return { refused, imported, mistake, added, client: await text(page) };
}

async function install(page, file) {
  await page.goto(at('plugins'));
  await page.getByLabel('Component', { exact: true }).setInputFiles(file);
  await page.getByRole('button', { name: 'Try and install' }).click();
  await page.locator('.notice').first().waitFor();
  return { notice: await page.locator('.notice').first().innerText(), plugins: await text(page) };
}

async function operate(page, browser) {
  const found = {};
  for (const [name, reference] of Object.entries(job.references)) {
    await page.goto(at('decisions'));
    await page.getByLabel('Reference ID').fill(reference);
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('heading', { name: reference }).waitFor();
    found[name] = await text(page);
  }
  await page.goto(at('decisions'));
  await page.getByLabel('Client', { exact: true }).fill(job.client_id);
  await page.getByLabel('Reason', { exact: true }).fill('replayed');
  await page.getByRole('button', { name: 'Find' }).click();
  const listed = await text(page);

  const broken = await install(page, job.broken);
  const good = await install(page, job.good);
  await page.getByLabel('Plug-in', { exact: true }).selectOption('');
  await page.getByRole('button', { name: 'Roll back' }).click();
  const back = { notice: await page.locator('.notice').first().innerText(), plugins: await text(page) };

  const looks = await look(await page.context().storageState(), browser);
  await page.goto(job.address);
  await page.getByRole('button', { name: 'Sign out' }).click();
  const out = await text(page);
  await page.goto(at('clients'));
  return { found, listed, broken, good, back, looks, out, after: page.url() };
}

/** Every page in four looks, as pictures, with what axe-core finds; a page that scrolls sideways is an error. */
async function look(storageState, browser) {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const client = encodeURIComponent(job.client_id);
  const pages = {
    overview: '', plugins: 'plugins', clients: 'clients', client: `clients/show?id=${client}`,
    'client-add': 'clients/new', 'client-edit': `clients/edit?id=${client}`, keystores: 'keystores',
    keystore: 'keystores/view?store=primary', entry: `keystores/entry?store=primary&alias=${client}`,
    decisions: 'decisions', decision: `decisions/show?reference=${job.references.rejected}`,
    log: `decisions/show?reference=${job.references.accepted}`, configuration: 'configuration',
    'configuration-set': 'configuration?set=1',
  };
  const violations = [];
  const visit = async (state, names) => {
    const context = await browser.newContext({ storageState: state, bypassCSP: true, ignoreHTTPSErrors: true });
    const page = await context.newPage();
    for (const name of names) {
      await page.goto(at(pages[name] ?? 'sign-in'));
      for (const [device, size] of [['desk', DESK], ['phone', PHONE]]) {
        await page.setViewportSize(size);
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          const path = join(job.screenshots, `${name}-${device}-${colorScheme}.png`);
          await page.screenshot({ path, fullPage: true });
          await page.evaluate(axe);
          const judged = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
          for (const { id, impact, nodes } of judged.violations) {
            violations.push({ name, device, colorScheme, id, impact, html: nodes.slice(0, 3).map((node) => node.html) });
          }
        }
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        if (width > size.width) throw new Error(`the page ${name} is ${width} wide on a ${device}`);
      }
    }
    await context.close();
  };
  await visit(storageState, Object.keys(pages));
  await visit(undefined, ['sign-in']);
  return { pages: [...Object.keys(pages), 'sign-in'], violations };
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [...QUIET, ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
});
try {
  const storageState = job.part === 'register' ? undefined : job.state;
  const context = await browser.newContext({
    storageState, javaScriptEnabled: false, ignoreHTTPSErrors: true, viewport: DESK,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const result = job.part === 'register' ? await register(page) : await operate(page, browser);
  await context.storageState({ path: job.state });
  console.log(JSON.stringify(result));
} finally {
  await browser.close();
}
