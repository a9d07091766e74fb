import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isLatchkeyError, LatchkeyError, quote } from '../../kit/index.ts';
import {
  loadVomsDirectory,
  locateVomsDirectory,
  memoryVomsDirectory,
  type VomsDirectory,
  type VomsReport,
  validateAttributeCertificates,
} from '../../voms/index.ts';
import {
  type Certificate,
  defaultProxyPath,
  formatOneline,
  loadTrustDirectory,
  locateTrustDirectory,
  memoryTrustStore,
  type PathReport,
  type TrustStore,
  validatePath,
} from '../../x509/index.ts';
import { readChain } from './account.ts';
import type { Command, Invocation } from './command.ts';
import { factLines, validityJson, validityText } from './facts.ts';
import { findPlace } from './place.ts';

/** `latchkey voms info [FILE]`: the attributes of a proxy, verified. */
export const vomsInfo: Command = async (invocation) => {
  const { given, context } = invocation;
  const file = given.arguments[0] ?? defaultProxyPath({ ...context.env }, context.uid);
  await access(file).catch((cause: unknown) => {
    throw new LatchkeyError('x509/credential-missing', `there is no proxy at ${quote(file)}`, {
      hint: 'voms-proxy-init makes one with attributes',
      cause,
    });
  });
  const chain = await readChain(file);
  const now = context.now();
  const directoryPath = given.text('voms-directory') ?? locateVomsDirectory({ ...context.env });
  const [trust, vomsDirectory] = await Promise.all([
    findTrust(invocation),
    findDirectory(directoryPath, given.text('voms-directory') !== undefined),
  ]);
  const path = validatePath(chain, { trust, now });
  // The path, not the file: among certificates that are not needed may be anybody's, with anybody's attributes.
  const reports = validateAttributeCertificates(path.ok ? path.path : chain, {
    trust,
    vomsDirectory,
    now,
    targetHost: given.text('host') ?? hostname(),
  });
  const inForce = reports.filter(({ findings }) => !findings.some(({ code }) => code === 'ac/superseded'));
  const wanted = given.text('vo');
  const isThere = inForce.some(
    ({ ok, certificate }) => ok && (wanted === undefined || certificate?.vo === wanted),
  );
  const isGood = path.ok && isThere && inForce.every(({ ok }) => ok);
  return {
    json: {
      file,
      proxyVerified: path.ok,
      proxyFindings: path.findings.map(({ code, message }) => ({ code, message })),
      attributes: reports.map((report) => reportJson(report, now)),
      verified: isGood,
    },
    lines: [
      file,
      ...proxyLines(path, chain),
      ...reports.flatMap((report) => reportLines(report, now)),
      ...(reports.length === 0 ? ['  no attributes: it is a plain proxy, or no proxy at all'] : []),
      ...(isThere || wanted === undefined ? [] : [`  nothing that counts of ${quote(wanted)}`]),
    ],
    exitCode: isGood ? 0 : 5,
  };
};

/** Without a trust directory nobody is trusted, and the findings say so. */
async function findTrust(invocation: Invocation): Promise<TrustStore> {
  const { context } = invocation;
  const place = await findPlace(invocation);
  const path =
    place.trust?.value ?? (await locateTrustDirectory({ env: { ...context.env }, uid: context.uid }));
  return path === undefined ? memoryTrustStore({ authorities: [] }) : loadTrustDirectory(path);
}

/** A VOMS directory that nobody named need not be there: then no server is known, and the findings say so. */
async function findDirectory(path: string, isNamed: boolean): Promise<VomsDirectory> {
  try {
    return await loadVomsDirectory(path);
  } catch (error) {
    if (isNamed || !isLatchkeyError(error, 'voms/directory-missing')) throw error;
    return memoryVomsDirectory({});
  }
}

function proxyLines(path: PathReport, chain: readonly Certificate[]): string[] {
  const who = path.identity ?? chain[0]?.subject;
  const [finding] = path.findings;
  return factLines([
    ['identity', who === undefined ? undefined : formatOneline(who)],
    ['proxy', path.ok ? 'verified' : `✘ not valid: ${finding?.message ?? 'it cannot be verified'}`],
  ]);
}

function reportLines({ ok, certificate, findings, proxyIndex }: VomsReport, now: Date): string[] {
  const head = certificate === undefined ? 'attributes that cannot be read' : certificate.vo;
  return [
    '',
    `${ok ? '✔' : '✘'} ${head}`,
    ...(certificate === undefined
      ? []
      : factLines([
          ...certificate.fqans.map((fqan, index) => [index === 0 ? 'groups' : '', fqan] as const),
          ...certificate.genericAttributes.map(
            ({ name, value, qualifier }) =>
              ['attribute', `${name} = ${value}${qualifier === '' ? '' : ` (${qualifier})`}`] as const,
          ),
          ['targets', certificate.targets?.join(', ')],
          ['left', validityText(certificate.notBefore, certificate.notAfter, now)],
          ['server', `${formatOneline(certificate.issuer)}, ${certificate.uri}`],
          ['in proxy', proxyIndex === 0 ? undefined : `${proxyIndex} above the last one`],
        ])),
    ...findings.flatMap(({ severity, message, remedy }) => [
      `  ${severity === 'error' ? '✘' : '!'} ${message}`,
      `    hint: ${remedy}`,
    ]),
  ];
}

function reportJson(
  { ok, certificate, findings, proxyIndex }: VomsReport,
  now: Date,
): Record<string, unknown> {
  return {
    ok,
    proxyIndex,
    ...(certificate === undefined
      ? {}
      : {
          vo: certificate.vo,
          uri: certificate.uri,
          server: formatOneline(certificate.issuer),
          serialNumber: certificate.serialNumber.toString(16),
          fqans: certificate.fqans,
          genericAttributes: certificate.genericAttributes,
          targets: certificate.targets ?? null,
          ...validityJson(certificate.notBefore, certificate.notAfter, now),
        }),
    findings: findings.map(({ code, severity, message, remedy }) => ({ code, severity, message, remedy })),
  };
}
