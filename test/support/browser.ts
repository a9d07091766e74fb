import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findProgram } from './peers.ts';
import { repositoryRoot } from './workspace.ts';

/** Chromium without a screen, ended after the test. Callers ask `havePeers(t, 'chromium')` first. */
export async function startBrowser(t: TestContext): Promise<Browser> {
  const executablePath = findProgram('chromium');
  if (executablePath === undefined) throw new Error('no chromium');
  const browser = await chromium.launch({
    executablePath,
    // Chromium refuses to sandbox itself as root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  t.after(() => browser.close());
  return browser;
}

/** What a window is like. */
export interface WindowOptions {
  readonly width?: number;
  readonly isDark?: boolean;
  /** Default true. */
  readonly scripts?: boolean;
}

/** A window with a cookie jar of its own; test certificates are accepted. */
export async function openWindow(browser: Browser, options: WindowOptions = {}): Promise<Page> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: options.width ?? 1_200, height: 900 },
    ignoreHTTPSErrors: true,
    javaScriptEnabled: options.scripts ?? true,
    colorScheme: options.isDark === true ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(30_000);
  return await context.newPage();
}

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1_200, height: 900 };

/** Pictures of a page at the desk and on a phone, under `.build/screenshots`. */
export async function takePictures(page: Page, name: string): Promise<void> {
  const folder = join(repositoryRoot, '.build', 'screenshots');
  mkdirSync(folder, { recursive: true });
  for (const [size, viewport] of [
    ['phone', PHONE],
    ['desk', DESK],
  ] as const) {
    await page.setViewportSize(viewport);
    await page.screenshot({ path: join(folder, `${name}-${size}.png`), fullPage: true });
  }
}
