// A person in a real browser: signs in, consents, and ends at the client's redirect URI.
//
// Chromium is Debian's. Fields and buttons are found by their labels, as a screen reader finds them; scripts are off,
// because the pages must work without. The redirect URI need not exist: the browser's request for it is caught.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const QUIET = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/**
 * Opens the authorization URL, signs in and allows; returns the URL that the browser was sent to.
 *
 * `afterwards` is called with this URL and with `open(url, target)`, which goes on in the same browser and returns the URL
 * below `target` that it was sent to.
 *
 * @param {{url: string, redirect_uri: string, username: string, password: string, screenshots?: string,
 *   afterwards?: (arrived: string, open: (url: string, target: string) => Promise<string>) => Promise<void>}} visit
 */
export async function authorize(visit) {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...QUIET, ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
    // The server's certificate is its own; the clients of these tests check it, a person would have been asked.
    ignoreHTTPSErrors: true,
    javaScriptEnabled: false,
    viewport: { width: 1280, height: 800 },
  });
  try {
    const page = browser.pages()[0] ?? await browser.newPage();
    page.setDefaultTimeout(30_000);
    const arrived = new Promise((resolve) => {
      page.route((url) => url.href.startsWith(visit.redirect_uri), (route) => {
        resolve(route.request().url());
        return route.fulfill({ contentType: 'text/plain', body: 'This is the client.' });
      });
    });
    await page.goto(visit.url);
    await photograph(page, 'login', visit.screenshots);
    await page.getByLabel('Username').fill(visit.username);
    await page.getByLabel('Password').fill(visit.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const allow = page.getByRole('button', { name: 'Allow' });
    // Without a consent page, the client was allowed before.
    await Promise.race([allow.waitFor(), arrived]);
    if (await allow.isVisible()) {
      await photograph(page, 'consent', visit.screenshots);
      await allow.click();
    }
    await visit.afterwards?.(await arrived, (url, target) => open(page, url, target));
    return await arrived;
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  }
}

async function open(page, url, target) {
  const sent = page.waitForRequest((request) => request.url().startsWith(target));
  // Nothing listens at the target, so the navigation itself fails there.
  await page.goto(url).catch(() => {});
  return (await sent).url();
}

/** The page in light and dark, on a desk and on a phone; a page that scrolls sideways is an error. */
async function photograph(page, name, folder) {
  if (!folder) return;
  const desk = page.viewportSize();
  for (const [device, size] of [['desk', desk], ['phone', { width: 360, height: 740 }]]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(folder, `${name}-${device}-${colorScheme}.png`) });
    }
    const { width } = await page.locator('body').boundingBox();
    if (width > size.width) throw new Error(`the page ${name} is ${width} wide on a ${device}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(desk);
}
