import { LatchkeyError } from '../../kit/index.ts';
import type { LogonOptions, LogonResult, OwnIdentity } from '../../myproxy/index.ts';
import { attributeCertificatesOf } from '../../voms/index.ts';
import {
  defaultProxyPath,
  formatCredential,
  formatOneline,
  identityOf,
  isLimitedChain,
  writeProxyFile,
} from '../../x509/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import { accountOf, openIdentity } from './account.ts';
import type { Command, Invocation, Report } from './command.ts';
import { validityJson } from './facts.ts';
import { formatSpan } from './lifetime.ts';
import { findPlace, type Place, requireServer } from './place.ts';
import { explained } from './refusal.ts';
import { askMyProxyPassPhrase } from './secrets.ts';
import { clientFor } from './session.ts';

const HALF_DAY = 43_200;

/** `latchkey logon`: a short-lived proxy from the server, with its pass phrase, by renewal or as a trusted retriever. */
export const logon: Command = async (invocation) => {
  const { given, context, json } = invocation;
  const out = given.text('out') ?? defaultProxyPath({ ...context.env }, context.uid);
  if (out === '-' && json) {
    throw new LatchkeyError('cli/usage', 'a proxy and a JSON document cannot both go to standard output', {
      hint: 'give --out FILE, or leave --json away',
    });
  }
  const place = await findPlace(invocation);
  requireServer(place);
  const username = await accountOf(invocation, place);
  const options = await logonOptions(invocation, place, username);
  const client = clientFor(invocation, place, await connectionIdentity(invocation));
  const subject = { username, credential: given.text('credential') };
  if (given.flag('check-only')) {
    const server = await explained(subject, client.authenticate(options));
    return {
      json: { username, accepted: true, server: { host: server.host, port: server.port, dn: server.dn } },
      lines: [`${server.host}:${server.port} would give "${username}" a proxy`],
    };
  }
  const dress = await dressOf(invocation, place);
  const result = await dress(await explained(subject, client.logon(options)));
  if (out === '-') return { json: undefined, lines: [], raw: formatCredential(result.credential).reveal() };
  await writeProxyFile(result.credential, out);
  return describe(result, username, out, context.now());
};

async function logonOptions(invocation: Invocation, place: Place, username: string): Promise<LogonOptions> {
  const { given } = invocation;
  const renew = given.text('renew');
  const isSilent = given.flag('no-pass-phrase') || renew !== undefined;
  return {
    username,
    credname: given.text('credential'),
    voNames: vosOf(invocation),
    lifetime: given.lifetime('lifetime') ?? HALF_DAY,
    ...(isSilent ? {} : { passphrase: () => askMyProxyPassPhrase(invocation, username) }),
    ...(renew === undefined
      ? {}
      : { renew: await openIdentity(invocation, { certificate: renew, key: renew, origin: '--renew' }) }),
    ...(given.flag('ec') ? { keyAlgorithm: { type: 'ec' } } : {}),
    // In a state directory the trust roots are the state's own: there is nothing to install.
    updateTrustRoots: given.flag('trust-roots') && place.state === undefined,
    bootstrap: given.flag('bootstrap'),
  };
}

function vosOf({ given }: Invocation): readonly string[] {
  return (given.text('voms') ?? '').split(',').filter((vo) => vo !== '');
}

/** For `--voms`: attributes are put below what came, unless the server has put them in. */
async function dressOf(
  invocation: Invocation,
  place: Place,
): Promise<(result: LogonResult) => Promise<LogonResult>> {
  const vos = vosOf(invocation);
  if (vos.length === 0) return async (result) => result;
  const { dressLogon } = await import('./logon-dress.ts');
  return await dressLogon(invocation, vos, place.trust?.value);
}

/** Whom to be: with a pass phrase nobody, unless a certificate is named; otherwise what the usual search finds. */
async function connectionIdentity(invocation: Invocation): Promise<OwnIdentity | undefined> {
  const { given } = invocation;
  const named = given.text('cert');
  if (named !== undefined) {
    return await openIdentity(invocation, {
      certificate: named,
      key: given.text('key') ?? named,
      origin: '--cert',
    });
  }
  return given.flag('no-pass-phrase') || given.text('renew') !== undefined ? undefined : 'anonymous';
}

function describe(result: LogonResult, username: string, out: string, now: Date): Report {
  const { chain, expires, server, trustRoots } = result;
  const fqans = attributeCertificatesOf(chain).flatMap(({ certificate }) => certificate?.fqans ?? []);
  const identity = identityOf(chain);
  const left = formatSpan(secondsLeft(expires, now));
  const limited = isLimitedChain(chain) ? ', limited' : '';
  return {
    json: {
      username,
      file: out,
      identity: identity === undefined ? null : formatOneline(identity),
      limited: isLimitedChain(chain),
      ...(fqans.length === 0 ? {} : { fqans }),
      ...validityJson(chain[0]?.notBefore ?? now, expires, now),
      server: { host: server.host, port: server.port, dn: server.dn },
      ...(trustRoots === undefined
        ? {}
        : { trustRoots: { directory: trustRoots.directory, files: trustRoots.written } }),
    },
    lines: [
      `a proxy for "${username}", valid for ${left}${limited}, is in ${out}`,
      ...fqans.map((fqan) => `  ${fqan}`),
      ...(trustRoots?.directory === undefined
        ? []
        : [`${trustRoots.written.length} trust root files are in ${trustRoots.directory}`]),
    ],
  };
}
