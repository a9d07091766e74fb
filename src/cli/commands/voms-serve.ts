import { resolve } from 'node:path';
import {
  AUTHORITY_DEFAULTS,
  type AuthoritySettings,
  type RunningAuthority,
  startAuthority,
} from '../../daemon/index.ts';
import { counted } from '../../kit/index.ts';
import { formatVomsesLine } from '../../voms/index.ts';
import type { Command, Invocation } from './command.ts';
import { catchSignals } from './serve-signals.ts';

/** `latchkey voms serve`: an attribute authority, until a signal ends it. */
export const vomsServe: Command = async (invocation) => {
  const { context, json } = invocation;
  const signals = catchSignals(invocation);
  const authority = await startAuthority(settingsOf(invocation));
  signals.serving(authority);
  const facts = factsOf(authority);
  if (json) context.out(`${JSON.stringify({ ...facts, pid: process.pid })}\n`);
  else {
    const { host, port } = authority.address;
    context.out(
      `latchkey: attributes of ${facts.vo} for ${counted(authority.members, 'member')}, on ${host}:${port}\n` +
        `  vomses line:           ${facts.vomses}\n` +
        `  ${facts.lscFile}:`.padEnd(25) +
        `${facts.lsc.join(`\n${' '.repeat(25)}`)}\n`,
    );
  }
  const signal = await signals.stopped;
  await authority.close();
  return { json: { ended: signal }, lines: [] };
};

/** What clients (`vomses`) and services (LSC file) must have. */
function factsOf({ vo, host, address, dn, issuer }: RunningAuthority): {
  readonly vo: string;
  readonly listening: RunningAuthority['address'];
  readonly vomses: string;
  readonly lscFile: string;
  readonly lsc: readonly string[];
} {
  return {
    vo,
    listening: address,
    vomses: formatVomsesLine({ alias: vo, host, port: address.port, dn, vo }),
    lscFile: `${vo}/${host}.lsc`,
    lsc: [dn, issuer],
  };
}

function settingsOf({ given }: Invocation): AuthoritySettings {
  const path = (option: string): string | undefined => {
    const value = given.text(option);
    return value === undefined ? undefined : resolve(value);
  };
  return {
    membership: resolve(given.argument(0)),
    listen: {
      host: given.text('listen'),
      port: given.port('port') ?? AUTHORITY_DEFAULTS.port,
      minTls: 'TLSv1.2',
      maxTls: 'TLSv1.2',
    },
    host: given.text('host-name'),
    credential: { certificate: path('cert'), key: path('key') },
    trustDirectory: path('trust'),
    log: { file: path('log'), format: 'text', level: 'info' },
    auditFile: path('audit'),
    limits: AUTHORITY_DEFAULTS.limits,
  };
}
