import { isIP } from 'node:net';
import { LatchkeyError, quote } from '../kit/index.ts';

/** Shortest prefixes: a site's network, never the world. */
const SHORTEST = { 4: 16, 6: 32 } as const;

/**
 * The network, in CIDR notation, of an address or network that may reach a machine.
 *
 * @throws LatchkeyError `ec2/config` for anything else, and for networks wider than /16 (IPv6: /32)
 */
export function allowedNetwork(allowFrom: string): string {
  const [address = '', prefix, ...rest] = allowFrom.split('/');
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  const length = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if ((version !== 4 && version !== 6) || rest.length > 0 || address.includes('%') || !(length <= most))
    throw unusable(`expected an address or a network such as "203.0.113.7", got ${quote(allowFrom, 60)}`);
  if (length < SHORTEST[version])
    throw unusable(`expected a network no wider than /${SHORTEST[version]}, got ${quote(allowFrom, 60)}`);
  return `${address}/${length}`;
}

function unusable(message: string): LatchkeyError {
  return new LatchkeyError('ec2/config', message, {
    hint: 'name the address that you connect from, or a security group of your own',
  });
}
