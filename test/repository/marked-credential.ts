import type { CredentialId } from '../../src/repository/index.ts';

/** The credentials that one group of drivers works on: default, named, hashed and long ones. */
export function idsOf(group: string): readonly CredentialId[] {
  return [
    { username: group },
    { username: group, name: 'robot' },
    { username: group, name: `long ${'n'.repeat(100)}` },
    { username: `/O=Grid/CN=${group}` },
    { username: `${group}${'u'.repeat(100)}`, name: 'x' },
  ];
}

/** A text in the shape of a stored credential that says its version at both ends. */
export function markedPem(version: number): string {
  const padding = `${'x'.repeat(63)}\n`.repeat(Math.floor(Math.random() * 60));
  return `BEGIN version ${version}\n${padding}END version ${version}\n`;
}

/** The version of a whole {@link markedPem}; `undefined` for anything else. */
export function markedVersion(pem: string): number | undefined {
  const match = /^BEGIN version (\d+)\n(?:x{63}\n)*END version (\d+)\n$/.exec(pem);
  return match !== null && match[1] === match[2] ? Number(match[1]) : undefined;
}
