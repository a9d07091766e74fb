import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { sshFingerprint } from '../keys/index.ts';
import type { HostKeyPolicy } from '../options.ts';
import { judgeHostKey, type KnownHost, knownName, knownTypes, parseKnownHosts } from './known-hosts.ts';

/** Checks the host key of one server, and says which kinds of keys it should show. */
export interface HostKeyCheck {
  /** Names for key exchange, the known ones first; empty when none is known. */
  readonly algorithms: readonly string[];
  /** @throws LatchkeyError `ssh/host-key` (`details.reason`: `unknown`, `changed`, `revoked`) */
  verify(blob: Buffer): Promise<void>;
}

/** What an RSA key signs with in key exchange. */
const SIGNATURES_OF: Readonly<Record<string, readonly string[]>> = {
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** Reads the known-hosts files for one server; a file that is not there knows nobody. */
export async function hostKeyCheck(
  server: { readonly host: string; readonly port: number },
  { policy, knownHostsFiles }: HostKeyPolicy = { policy: 'strict' },
): Promise<HostKeyCheck> {
  const files = knownHostsFiles ?? defaultFiles();
  const read = await Promise.all(files.map(async (file) => ({ file, hosts: await readKnownHosts(file) })));
  const all = read.flatMap(({ hosts }) => hosts);
  const fileOf = (entry: KnownHost) => read.find(({ hosts }) => hosts.includes(entry))?.file;
  return {
    algorithms: knownTypes(all, server).flatMap((type) => SIGNATURES_OF[type] ?? [type]),
    verify: async (blob) => {
      const verdict = judgeHostKey(all, server, blob);
      if (verdict.kind === 'known') return;
      const fingerprint = sshFingerprint({ blob });
      const refuse = (reason: string, what: string, hint: string) =>
        new LatchkeyError('ssh/host-key', `the host key of ${knownName(server)} ${what}`, {
          hint,
          details: { reason, fingerprint },
        });
      if (verdict.kind === 'revoked')
        throw refuse(
          'revoked',
          'is marked as revoked',
          'do not connect; ask its administrator for the new key',
        );
      if (verdict.kind === 'changed')
        throw refuse(
          'changed',
          `is another one than the known one, line ${verdict.entry.line} of ${fileOf(verdict.entry)}`,
          `somebody may be in between: ask the administrator for the new key's fingerprint, and only when it is ${fingerprint} remove the old line`,
        );
      if (verdict.isCertified)
        throw refuse(
          'unknown',
          'is known by a certificate authority only, which this back-end cannot check',
          'use the OpenSSH back-end, or add the key itself to known_hosts',
        );
      const [first] = files;
      if (policy !== 'accept-new' || first === undefined)
        throw refuse(
          'unknown',
          `(${fingerprint}) is not known here`,
          'compare it with what the administrator says and add it to known_hosts, or allow "accept-new"',
        );
      await remember(first, server, blob);
    },
  };
}

function defaultFiles(): readonly string[] {
  const own = join(homedir(), '.ssh');
  return [
    join(own, 'known_hosts'),
    join(own, 'known_hosts2'),
    '/etc/ssh/ssh_known_hosts',
    '/etc/ssh/ssh_known_hosts2',
  ];
}

async function readKnownHosts(file: string): Promise<readonly KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    // A file that cannot be read may revoke the very key.
    throw new LatchkeyError('ssh/host-key', `cannot read the known-hosts file ${quote(file)}`, {
      cause,
      details: { reason: 'unreadable' },
    });
  }
}

async function remember(
  file: string,
  server: { readonly host: string; readonly port: number },
  blob: Buffer,
): Promise<void> {
  const type = blob.toString('latin1', 4, 4 + blob.readUInt32BE());
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await appendFile(file, `${knownName(server)} ${type} ${blob.toString('base64')}\n`, { mode: 0o600 });
}
