import { LatchkeyError, quote } from '../../kit/index.ts';
import { dressCredential, type ObtainedAttributes, parseVomsWish, unevenEnds } from '../../voms/index.ts';
import {
  type Credential,
  defaultProxyPath,
  formatOneline,
  identityOf,
  readProxyFile,
  writeProxyFile,
} from '../../x509/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import { prepareErrand } from '../kit/voms-contact.ts';
import { openIdentity, ownFiles } from './account.ts';
import type { Command, Invocation } from './command.ts';
import { validityJson } from './facts.ts';
import { formatSpan } from './lifetime.ts';
import { findPlace, type Place } from './place.ts';

const HALF_DAY = 43_200;

/** `latchkey voms init`: a proxy with attributes, made of the user's certificate, or below the proxy there is (`--dress`). */
export const vomsInit: Command = async (invocation) => {
  const { given, context, note } = invocation;
  const wishes = given.arguments.map(parseVomsWish);
  const lifetime = given.lifetime('lifetime') ?? HALF_DAY;
  const place = await findPlace(invocation);
  const out = given.text('out') ?? defaultProxyPath({ ...context.env }, context.uid);
  const vomses = given.text('vomses');
  const errand = await prepareErrand(context, {
    wishes,
    vomses: vomses === undefined ? undefined : [vomses],
    trustDirectory: place.trust?.value,
    order: listOf(given.text('order')),
    targets: listOf(given.text('target')),
    lifetimeSeconds: given.lifetime('attributes-lifetime') ?? lifetime,
    onFinding: (message) => note(`  ${message}`),
    onServer: ({ host, port, vo }, failure) =>
      note(failure === undefined ? `asking ${host}:${port} for ${vo} …` : `  ${failure.message}`),
  });
  const credential = await issuerOf(invocation, place);
  const now = context.now();
  const obtained = await errand.obtain(credential);
  const dressed = await dressCredential(credential, {
    certificates: obtained.map(({ certificate }) => certificate),
    now,
    lifetimeSeconds: lifetime,
    limited: given.flag('limited'),
  });
  await writeProxyFile(dressed, out);
  const ends = endOf(dressed);
  const uneven = unevenEnds(
    ends,
    obtained.map(({ certificate }) => certificate),
  );
  const identity = identityOf(dressed.chain);
  const who = identity === undefined ? '' : formatOneline(identity);
  return {
    json: {
      file: out,
      identity: who,
      ...validityJson(dressed.chain[0]?.notBefore ?? now, ends, now),
      attributes: obtained.map(attributesJson),
      endNotTogether: uneven.map(({ vo, proxyEnds, attributesEnd, endsFirst }) => ({
        vo,
        proxyEnds: proxyEnds.toISOString(),
        attributesEnd: attributesEnd.toISOString(),
        endsFirst,
      })),
    },
    lines: [
      `a proxy for ${who}, valid for ${formatSpan(secondsLeft(ends, now))}, is in ${out}`,
      ...obtained.flatMap(({ certificate, warnings }) => [
        `  ${certificate.vo}: ${certificate.fqans.map(shortFqan).join(', ')}`,
        ...warnings.map(({ message }) => `  ! ${message}`),
      ]),
      ...uneven.map(({ vo, proxyEnds, attributesEnd, endsFirst }) =>
        endsFirst === 'proxy'
          ? `  ! the proxy ends ${timeOf(proxyEnds)}, before its attributes of ${vo} (${timeOf(attributesEnd)})`
          : `  ! the attributes of ${vo} end ${timeOf(attributesEnd)}, before the proxy (${timeOf(proxyEnds)})`,
      ),
    ],
  };
};

async function issuerOf(invocation: Invocation, place: Place): Promise<Credential> {
  const { given, context } = invocation;
  if (given.flag('dress') && given.text('cert') === undefined) {
    return await readProxyFile(defaultProxyPath({ ...context.env }, context.uid));
  }
  const files = await ownFiles(invocation, place, { preferProxy: false });
  const credential = await openIdentity(invocation, files);
  if (credential === 'anonymous' || 'certFile' in credential)
    throw new TypeError('an opened credential is expected');
  if (credential.chain.length > 0) return credential;
  throw new LatchkeyError('x509/credential-missing', `${quote(files.certificate)} holds no certificate`);
}

function attributesJson({ certificate, server, protocol, warnings }: ObtainedAttributes): unknown {
  return {
    vo: certificate.vo,
    fqans: certificate.fqans,
    genericAttributes: certificate.genericAttributes,
    server: { host: server.host, port: server.port, dn: server.dn },
    protocol,
    expires: certificate.notAfter.toISOString(),
    warnings: warnings.map(({ message }) => message),
  };
}

function endOf({ chain }: Credential): Date {
  return chain.reduce(
    (end, { notAfter }) => (notAfter < end ? notAfter : end),
    chain[0]?.notAfter ?? new Date(0),
  );
}

function shortFqan(fqan: string): string {
  return fqan.replace(/\/Capability=NULL$/, '').replace(/\/Role=NULL$/, '');
}

function timeOf(date: Date): string {
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/:\d\d\.\d+Z$/, ' UTC');
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').filter((part) => part !== '');
}
