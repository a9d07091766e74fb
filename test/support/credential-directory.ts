import { chmodSync, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type CredmonSettings,
  type LocalProvider,
  openCredentialDirectory,
  type Provider,
} from '../../src/credmon/index.ts';
import { type CredmonSurroundings, type RunningCredmon, startCredmon } from '../../src/daemon/index.ts';
import { generateSigningKey } from '../../src/tokens/index.ts';
import { workspace } from './workspace.ts';

/** A local issuer's provider, with a fresh key in `directory`. */
export async function localProvider(
  directory: string,
  more: Partial<LocalProvider> = {},
): Promise<LocalProvider> {
  const privateKeyFile = join(directory, 'scitokens-private.pem');
  if (!existsSync(privateKeyFile)) {
    const key = await generateSigningKey('ES256');
    writeFileSync(privateKeyFile, key.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  }
  return {
    mode: 'local',
    name: 'scitokens',
    privateKeyFile,
    keyAlgorithm: 'ES256',
    keyId: 'local',
    issuer: 'https://ap.example',
    authzTemplate: 'read:/user/{username} write:/user/{username}',
    lifetimeSeconds: 1200,
    format: 'json',
    audience: ['https://data.example'],
    version: 'scitoken:2.0',
    ...more,
  };
}

/** Settings with the given providers and nothing else of note. */
function credmonSettings(
  directory: string,
  providers: readonly Provider[],
  more: Partial<CredmonSettings> = {},
): CredmonSettings {
  return {
    name: 'CREDMON_OAUTH',
    directory,
    log: { maxBytes: 0, maxFiles: 1, isVerbose: true },
    webPrefix: 'https://ap.example',
    allowSpecialNames: false,
    sandboxRefreshSeconds: 300,
    scanSeconds: 60,
    maxParallelRequests: 16,
    requestTimeoutSeconds: 10,
    sealRefreshTokens: false,
    providerOf: (name) => providers.find((provider) => provider.name === name),
    namedProviders: providers,
    findings: [],
    ...more,
  };
}

/** A monitor in this process over a private directory, as credd would meet it. */
export interface CredmonUnderTest {
  /** The credential directory. */
  readonly path: string;
  readonly running: RunningCredmon;
  readonly lines: string[];
  /** What credd does: `.tmp`, rename. */
  put(user: string, name: string, contents: string, mode?: number): void;
  pathOf(user: string, name: string): string;
}

/** Starts a monitor in this process, ended after the test. */
export async function startTestCredmon(
  t: TestContext,
  makeProviders: (directory: string) => Promise<readonly Provider[]>,
  more: {
    readonly settings?: Partial<CredmonSettings>;
    readonly around?: Partial<CredmonSurroundings>;
    /** Called with the directory before the monitor starts. */
    readonly before?: (directory: Pick<CredmonUnderTest, 'path' | 'put' | 'pathOf'>) => void;
  } = {},
): Promise<CredmonUnderTest> {
  let started: RunningCredmon | undefined;
  // Before the workspace: its directory goes after the monitor that writes there.
  t.after(() => started?.close());
  const base = workspace(t);
  const path = join(base, 'credentials');
  mkdirSync(path);
  chmodSync(path, 0o2770);
  const lines: string[] = [];
  const files = {
    path,
    pathOf: (user: string, name: string) => join(path, user, name),
    put: (user: string, name: string, contents: string, mode = 0o600) => {
      mkdirSync(join(path, user), { recursive: true, mode: 0o700 });
      writeFileSync(join(path, user, `${name}.tmp`), contents, { mode });
      renameSync(join(path, user, `${name}.tmp`), join(path, user, name));
    },
  };
  more.before?.(files);
  const settings = credmonSettings(path, await makeProviders(base), more.settings);
  const running = startCredmon(settings, {
    directory: await openCredentialDirectory(path),
    log: (_level, line) => lines.push(line),
    ...more.around,
  });
  started = running;
  return { ...files, running, lines };
}

/** Waits until `look` gives something; fails after 15 s. */
export async function until<Value>(
  look: () => Value | undefined | false | Promise<Value | undefined | false>,
  what = 'the condition',
): Promise<Value> {
  const end = Date.now() + 15_000;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`${what} did not come within 15 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The mode of a file, in octal. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}
