import { access } from 'node:fs/promises';
import { LatchkeyError, quote } from '../../kit/index.ts';
import {
  type Certificate,
  defaultProxyPath,
  describeProxy,
  formatOneline,
  identityOf,
  isLimitedChain,
  loadTrustDirectory,
  locateTrustDirectory,
  validatePath,
} from '../../x509/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import { readChain } from './account.ts';
import type { Command, Invocation } from './command.ts';
import { factLines, validityJson, validityText } from './facts.ts';
import { formatSpan } from './lifetime.ts';
import { findPlace } from './place.ts';

/** `latchkey proxy info [FILE]`: exit code 5 when it has expired or is not valid for as long as asked. */
export const proxyInfo: Command = async (invocation) => {
  const { given, context } = invocation;
  const file = given.arguments[0] ?? defaultProxyPath({ ...context.env }, context.uid);
  await access(file).catch((cause: unknown) => {
    throw new LatchkeyError('x509/credential-missing', `there is no proxy at ${quote(file)}`, {
      hint: 'latchkey logon fetches one from a server, latchkey proxy init makes one',
      cause,
    });
  });
  const chain = await readChain(file);
  const [leaf] = chain;
  if (leaf === undefined) {
    throw new LatchkeyError('x509/malformed', `${quote(file)} holds no certificate`, {
      hint: 'a proxy file is PEM text: the proxy, its key, and the certificates above it; "latchkey logon" or "latchkey proxy init" makes one',
    });
  }
  const now = context.now();
  // A proxy ends with the first of its chain to end.
  const notAfter = new Date(Math.min(...chain.map((certificate) => certificate.notAfter.getTime())));
  const identity = identityOf(chain);
  const verdict = await verify(invocation, chain, now);
  const wanted = given.lifetime('valid-for') ?? 1;
  const isLongEnough = secondsLeft(notAfter, now) >= wanted;
  const proxy = describeProxy(leaf);
  const key = leaf.publicKey.asymmetricKeyDetails;
  const strength = `${(leaf.publicKey.asymmetricKeyType ?? '').toUpperCase()} ${key?.modulusLength ?? key?.namedCurve ?? ''}`;
  const depth = chain.filter((certificate) => describeProxy(certificate) !== undefined).length;
  return {
    json: {
      file,
      subject: formatOneline(leaf.subject),
      issuer: formatOneline(leaf.issuer),
      identity: identity === undefined ? null : formatOneline(identity),
      kind: proxy?.kind ?? 'end entity',
      rights: proxy?.rights ?? null,
      limited: isLimitedChain(chain),
      delegations: depth,
      key: strength,
      ...validityJson(leaf.notBefore, notAfter, now),
      validLongEnough: isLongEnough,
      verified: verdict.ok ?? null,
      findings: verdict.messages,
    },
    lines: [
      file,
      ...factLines([
        ['identity', identity === undefined ? undefined : formatOneline(identity)],
        ['subject', formatOneline(leaf.subject)],
        [
          'kind',
          proxy === undefined ? 'end entity, not a proxy' : `${proxy.kind}, ${proxy.rights}, ${depth} deep`,
        ],
        ['key', strength],
        ['left', validityText(leaf.notBefore, notAfter, now)],
        ['verified', verdict.text],
      ]),
      ...(isLongEnough || secondsLeft(notAfter, now) <= 0
        ? []
        : [`  less than the ${formatSpan(wanted)} asked for`]),
    ],
    exitCode: isLongEnough && verdict.ok !== false ? 0 : 5,
  };
};

interface Verdict {
  /** Undefined when there is nothing to verify against. */
  readonly ok: boolean | undefined;
  readonly text: string;
  readonly messages: readonly string[];
}

async function verify(invocation: Invocation, chain: readonly Certificate[], now: Date): Promise<Verdict> {
  const { context } = invocation;
  const place = await findPlace(invocation);
  const path =
    place.trust?.value ?? (await locateTrustDirectory({ env: { ...context.env }, uid: context.uid }));
  if (path === undefined)
    return { ok: undefined, text: 'not verified: there is no trust directory', messages: [] };
  const trust = await loadTrustDirectory(path);
  const report = validatePath(chain, { trust, now });
  const messages = report.findings.map((finding) => finding.message);
  return { ok: report.ok, text: report.ok ? `by ${path}` : `no: ${messages.join('; ')}`, messages };
}
