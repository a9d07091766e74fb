import { createHmac } from 'node:crypto';

/** One line of a known-hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** True for a name as it stands in such files: `host`, or `[host]:port` when the port is not 22. */
  matches(name: string): boolean;
  /** The key, as it goes over the wire. */
  readonly blob: Buffer;
  /** Such as `ssh-ed25519`. */
  readonly type: string;
  /** Counted from 1. */
  readonly line: number;
}

/** What known-hosts files say of a key that a server has shown. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'revoked'; readonly entry: KnownHost }
  /** Another key is known, of this type or another. */
  | { readonly kind: 'changed'; readonly entry: KnownHost }
  | { readonly kind: 'unknown'; readonly isCertified: boolean };

/** Reads a file. Lines that cannot be read are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string): readonly KnownHost[] {
  return text.split('\n').flatMap((line, n) => {
    const host = parseLine(line.trim(), n + 1);
    return host === undefined ? [] : [host];
  });
}

/**
 * Judges a key. A key of another type than the known one counts as changed: somebody in between would show just that. A host at a port
 * of its own may be known by its name alone, as for OpenSSH.
 */
export function judgeHostKey(
  hosts: readonly KnownHost[],
  server: { readonly host: string; readonly port: number },
  blob: Buffer,
): HostKeyVerdict {
  const about = entriesOf(hosts, server);
  const revoked = about.find((entry) => entry.marker === 'revoked' && entry.blob.equals(blob));
  if (revoked !== undefined) return { kind: 'revoked', entry: revoked };
  const named = hosts.filter((entry) => entry.marker === 'none' && entry.matches(knownName(server)));
  const plain = about.filter((entry) => entry.marker === 'none');
  if (plain.some((entry) => entry.blob.equals(blob))) return { kind: 'known' };
  const type = typeOf(blob);
  // The name alone may be another server of that machine: its key says nothing of this one.
  const other = named.find((entry) => entry.type === type) ?? named[0];
  if (other !== undefined) return { kind: 'changed', entry: other };
  return { kind: 'unknown', isCertified: about.some((entry) => entry.marker === 'cert-authority') };
}

/** The types of the keys that are known of a server: what it is asked to show first. */
export function knownTypes(
  hosts: readonly KnownHost[],
  server: { readonly host: string; readonly port: number },
): readonly string[] {
  return [
    ...new Set(entriesOf(hosts, server).flatMap(({ marker, type }) => (marker === 'none' ? [type] : []))),
  ];
}

/** The name of a server in known-hosts files. */
export function knownName({ host, port }: { readonly host: string; readonly port: number }): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

function entriesOf(hosts: readonly KnownHost[], server: { readonly host: string; readonly port: number }) {
  const names = [knownName(server), server.host.toLowerCase()];
  return hosts.filter((entry) => names.some((name) => entry.matches(name)));
}

const MARKERS: Readonly<Record<string, KnownHost['marker']>> = {
  '@revoked': 'revoked',
  '@cert-authority': 'cert-authority',
};

function parseLine(text: string, line: number): KnownHost | undefined {
  if (text === '' || text.startsWith('#')) return undefined;
  const words = text.split(/[ \t]+/);
  let marker: KnownHost['marker'] = 'none';
  if (words[0]?.startsWith('@')) {
    const known = MARKERS[words.shift() ?? ''];
    // Whatever an unknown marker means, it is not that the key is to be believed.
    if (known === undefined) return undefined;
    marker = known;
  }
  const [names, type, base64] = words;
  if (names === undefined || type === undefined || base64 === undefined) return undefined;
  const blob = Buffer.from(base64, 'base64');
  if (typeOf(blob) !== type) return undefined;
  return { marker, matches: names.startsWith('|') ? hashed(names) : listed(names), blob, type, line };
}

/** The type that a key names itself; empty when it is none. */
function typeOf(blob: Buffer): string {
  if (blob.length < 4) return '';
  const length = blob.readUInt32BE();
  return length <= 64 && blob.length >= 4 + length ? blob.toString('latin1', 4, 4 + length) : '';
}

/** `|1|salt|HMAC-SHA1 of the name`. */
function hashed(names: string): (name: string) => boolean {
  const [, version, salt = '', hash = ''] = names.split('|');
  const [key, expected] = [Buffer.from(salt, 'base64'), Buffer.from(hash, 'base64')];
  return (name) => version === '1' && createHmac('sha1', key).update(name).digest().equals(expected);
}

/** `a,*.b,!c`: a pattern with `!` that fits rules the whole line out. */
function listed(names: string): (name: string) => boolean {
  const patterns = names.toLowerCase().split(',');
  const fits = (pattern: string, name: string) => pattern !== '' && wildcard(pattern, name);
  return (name) =>
    patterns.some((pattern) => !pattern.startsWith('!') && fits(pattern, name)) &&
    !patterns.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1), name));
}

/** `*` and `?`, in time that grows with the product of the lengths at most. */
function wildcard(pattern: string, name: string): boolean {
  let [p, n, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p;
      mark = n;
      p += 1;
    } else if (pattern[p] === '?' || pattern[p] === name[n]) {
      p += 1;
      n += 1;
    } else if (star >= 0) {
      mark += 1;
      p = star + 1;
      n = mark;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
