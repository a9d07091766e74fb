import { dirname, join } from 'node:path';
import { isLatchkeyError, systemClock } from '../../kit/index.ts';
import { linkReportPath, openLinkBoard, sweepLinkBoard } from '../../remote/index.ts';
import type { CredentialStore } from '../../repository/index.ts';
import { createWebApp, type SignIn, type WebApp } from '../../web/index.ts';
import type { RunningCredmon } from '../credmon/running-credmon.ts';
import type { Observation } from '../observe/index.ts';
import { openAccountFile } from './account-file.ts';
import { makeDropDirectory } from './drop-directory.ts';
import { issuerPublication } from './issuer-publication.ts';
import { keptCredentials } from './kept-credentials.ts';
import { createLogins } from './oauth-logins.ts';
import { type ReportedLinks, reportedLinks } from './reported-links.ts';
import { openRequestFiles } from './request-files.ts';
import { loadSessionKey } from './session-key.ts';
import type { WebSettings } from './settings.ts';
import { openSignInDirectory, publishSignInPage, type SignInDirectory } from './sign-in-directory.ts';
import { storedProxies } from './stored-proxies.ts';
import { listenWeb, type WebListener } from './web-listener.ts';

const TIDY_MS = 60_000;
/** Time that servers have at the end to take back grants that nobody has confirmed. */
const PATIENCE_MS = 5_000;

/** What the web page is made of. */
export interface WebParts {
  readonly credmon: Pick<
    RunningCredmon,
    'settings' | 'keeper' | 'directory' | 'logins' | 'wake' | 'revoke' | 'unserved' | 'log'
  >;
  /** Absent = no metrics, and ready as long as it runs. */
  readonly observation?: Pick<Observation, 'live' | 'ready' | 'metrics'> | undefined;
  /** The MyProxy store of this installation, whose credentials are shown too. */
  readonly store?: Pick<CredentialStore, 'list' | 'remove'> | undefined;
  /** Where reports of links are read besides the board; default: those of the account that this runs as. */
  readonly ownLinks?: readonly string[] | undefined;
}

/** A web page that is served. */
export interface RunningWeb {
  readonly address: string;
  /** Links of running programs by state; `undefined` = none are known here. */
  linkStates(): Promise<ReadonlyMap<string, number> | undefined>;
  close(): Promise<void>;
}

/**
 * Serves the page of a running monitor.
 *
 * @throws LatchkeyError `config/invalid`, `daemon/port-taken`, `file/io`, `file/unsafe`
 */
export async function startWeb(settings: WebSettings, parts: WebParts): Promise<RunningWeb> {
  const { credmon, observation, store } = parts;
  const credentials = keptCredentials(credmon, store === undefined ? undefined : storedProxies(store));
  const log = (level: 'info' | 'warn' | 'error', line: string): void => credmon.log(level, `WEB: ${line}`);
  const signIn = signInOf(settings, log);
  const links = linksOf(settings, parts, log);
  const app = createWebApp({
    prefix: settings.prefix,
    sessionKey: await loadSessionKey(credmon.directory.path),
    clock: systemClock,
    requests: openRequestFiles(credmon.directory.path),
    logins: createLogins({
      settings: () => credmon.settings,
      logins: credmon.logins,
      wake: () => credmon.wake(),
    }),
    accounts: openAccountFile(settings.accountsFile),
    credentials,
    links: links?.source,
    publication: issuerPublication(
      () => credmon.settings,
      (line) => log('warn', line),
    ),
    health: observation ?? ALWAYS_READY,
    signIn,
    demandsLocalProof: settings.demandsLocalProof,
    operators: settings.operators,
    log,
  });
  const listeners = await openListeners(app, settings, (line) => log('error', line));
  if (settings.signInDirectory !== undefined)
    await publishSignInPage(settings.signInDirectory, settings.prefix);
  const tidying = setInterval(() => {
    app.tidy();
    signIn.sweep?.().catch(() => {});
    links?.sweep().catch(() => {});
  }, TIDY_MS).unref();
  log('info', `page of ${settings.prefix} served on ${listeners[0]?.address}`);
  return {
    address: listeners[0]?.address ?? '',
    linkStates: async () => await links?.source.states(),
    async close() {
      clearInterval(tidying);
      credentials.close();
      await Promise.all(listeners.map((listener) => listener.close()));
      await Promise.race([app.close(), patience()]);
    },
  };
}

function patience(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS).unref();
  });
}

/** A page on which nobody can sign in still serves the logins of submissions. */
function signInOf(
  { signInDirectory }: WebSettings,
  log: (level: 'error', line: string) => void,
): SignIn & Partial<SignInDirectory> {
  const nobody: SignIn = { redeem: async () => undefined };
  if (signInDirectory === undefined) return nobody;
  try {
    return openSignInDirectory(signInDirectory);
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    log('error', `nobody can sign in: ${error.message} (${error.hint ?? ''})`);
    return nobody;
  }
}

/**
 * Links are read from a board beside the sign-in directory, into which every user's programs put their reports, and from the reports of
 * this process's own account. A page without a board still shows credentials.
 */
function linksOf(
  { signInDirectory }: WebSettings,
  { ownLinks = [linkReportPath()] }: WebParts,
  log: (level: 'error', line: string) => void,
): { readonly source: ReportedLinks; sweep(): Promise<void> } | undefined {
  if (signInDirectory === undefined) return undefined;
  const board = join(dirname(signInDirectory), 'links');
  try {
    makeDropDirectory(board, 'board for links', 'its parent directory must be writable');
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    log('error', `links of others are not shown: ${error.message} (${error.hint ?? ''})`);
    return { source: reportedLinks(openLinkBoard(ownLinks)), sweep: async () => {} };
  }
  return {
    source: reportedLinks(openLinkBoard([board, ...ownLinks])),
    sweep: () => sweepLinkBoard(board, new Date()),
  };
}

const ALWAYS_READY = { live: () => ({ ok: true }), ready: async () => ({ ok: true, checks: {} }) };

async function openListeners(
  app: WebApp,
  settings: WebSettings,
  log: (line: string) => void,
): Promise<readonly WebListener[]> {
  const page = await listenWeb(app, { ...settings, log });
  if (settings.operatorSocket === undefined) return [page];
  try {
    const operator = await listenWeb(app, {
      listen: { socket: settings.operatorSocket },
      behindProxy: false,
      isOperator: true,
    });
    return [page, operator];
  } catch (error) {
    await page.close();
    throw error;
  }
}
