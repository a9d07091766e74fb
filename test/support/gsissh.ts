import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { GridLogin } from './gsissh-check.ts';
import { findProgram } from './peers.ts';
import { repositoryRoot } from './workspace.ts';

/** What a stand-in of gsissh lets in, and where it leads. */
export interface GsisshOptions {
  /** Where the program is made; put it in front of PATH. */
  readonly directory: string;
  /** A key that the local sshd lets in: it stands for the account that a grid-mapfile would give. */
  readonly key: string;
  /** More words for ssh, before those that the program was given. */
  readonly words?: readonly string[];
}

/** A stand-in of gsissh. */
export interface GsisshStandIn {
  readonly path: string;
  readonly logins: () => readonly GridLogin[];
}

/**
 * Makes a **stand-in** of `gsissh` (GSI-OpenSSH is not in Debian): it reads the proxy that `X509_USER_PROXY` names with our own validator,
 * refuses as gsissh does when it is not good, and else runs the local ssh with the same words.
 */
export async function makeGsissh({ directory, key, words = [] }: GsisshOptions): Promise<GsisshStandIn> {
  mkdirSync(directory, { recursive: true });
  const check = join(directory, 'gsissh-check.mjs');
  const recordFile = join(directory, 'gsissh.record');
  writeFileSync(recordFile, '');
  await build({
    entryPoints: [join(repositoryRoot, 'test/support/gsissh-check.ts')],
    ...{ outfile: check, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' },
  });
  const path = join(directory, 'gsissh');
  const ssh = findProgram('ssh') ?? 'ssh';
  const more = ['-i', key, ...words].map((word) => `'${word}'`).join(' ');
  writeFileSync(
    path,
    `#!/bin/sh\n'${process.execPath}' '${check}' '${recordFile}' "$@" || exit 255\nexec '${ssh}' ${more} "$@"\n`,
  );
  chmodSync(path, 0o755);
  const lines = () => readFileSync(recordFile, 'utf8').split('\n').filter(Boolean);
  return { path, logins: () => lines().map((line) => JSON.parse(line)) };
}
