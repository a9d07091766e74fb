import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PublishedKey } from '../../src/tokens/index.ts';
import { havePeers } from './peers.ts';

/** What a program of scitokens-cpp said. */
export interface SciTokensRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line programs of scitokens-cpp with a key cache of their own. */
export interface SciTokensCpp {
  verify(token: string): Promise<SciTokensRun>;
  listAccess(token: string, issuer: string, audience: string): Promise<SciTokensRun>;
  testAccess(
    token: string,
    issuer: string,
    audience: string,
    operation: string,
    path: string,
  ): Promise<SciTokensRun>;
}

/** @param bundle CA file that stands in for the system's (root only: a private mount namespace) */
export function sciTokensCpp(directory: string, bundle?: string): SciTokensCpp {
  const cache = join(directory, 'cache');
  mkdirSync(cache, { recursive: true });
  const run = (program: string, argv: readonly string[]): Promise<SciTokensRun> =>
    runBounded(bundle === undefined ? [program, ...argv] : inNamespace(bundle, [program, ...argv]), {
      ...process.env,
      XDG_CACHE_HOME: cache,
    });
  return {
    verify: (token) => run('scitokens-verify', [token]),
    listAccess: (...argv) => run('scitokens-list-access', argv),
    testAccess: (...argv) => run('scitokens-test-access', argv),
  };
}

/** Puts the public EC key of an issuer into the programs' cache, so that they work without a network. */
export async function rememberKey(
  directory: string,
  issuer: string,
  key: PublishedKey,
  token: string,
): Promise<SciTokensRun> {
  const file = join(directory, 'issuer.pem');
  writeFileSync(file, key.publicKey.export({ type: 'spki', format: 'pem' }));
  const argv = ['--cred', file, '--issuer', issuer, '--keyid', key.keyId, token];
  const cache = join(directory, 'cache');
  mkdirSync(cache, { recursive: true });
  return await runBounded(['scitokens-verify', ...argv], { ...process.env, XDG_CACHE_HOME: cache });
}

/** The argv of a program that sees `bundle` as the system's CA file; every step is an `exec`. */
export function inNamespace(bundle: string, argv: readonly string[]): readonly string[] {
  const script = 'mount --bind "$1" /etc/ssl/certs/ca-certificates.crt && shift && exec "$@"';
  return ['unshare', '-m', 'sh', '-c', script, 'sh', bundle, ...argv];
}

/** True where programs can be run with another CA bundle: as root, where mount namespaces are allowed. */
export async function haveNamespaces(t: TestContext, ...programs: string[]): Promise<boolean> {
  if (!havePeers(t, 'unshare', ...programs)) return false;
  const { code, stderr } = await runBounded(['unshare', '-m', 'true'], process.env);
  if (code === 0) return true;
  const reason = `needs a mount namespace of its own, as root has it: ${stderr.trim()}`;
  if (process.env.LATCHKEY_REQUIRE_PEERS === '1') throw new Error(reason);
  t.skip(reason);
  return false;
}

/** Runs a program to its end, at most half a minute. */
export function runBounded(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<SciTokensRun> {
  const [program = '', ...rest] = argv;
  return new Promise((resolve) => {
    execFile(program, rest, { env, timeout: 30_000, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}
