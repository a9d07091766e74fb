import { isLatchkeyError, LatchkeyError, quote } from '../kit/index.ts';
import {
  attributeCertificatesOf,
  loadVomsDirectory,
  locateVomsDirectory,
  memoryVomsDirectory,
  type VomsDirectory,
  type VomsReport,
  validateAttributeCertificates,
} from '../voms/index.ts';
import { type Credential, loadTrustDirectory, memoryTrustStore, validatePath } from '../x509/index.ts';
import type { Surroundings } from './surroundings.ts';

/** The attributes of virtual organisations that a proxy carries, and what this machine makes of them. */
export interface CarriedAttributes {
  /** For the summary of a context: one text for each organisation, with its groups and roles. */
  readonly texts: readonly string[];
  /** What speaks against some of them, with the remedy. */
  readonly warnings: readonly string[];
  /** Why those of an organisation are of no use anywhere: expired, somebody else's, altered. */
  refusalOf(vo: string): LatchkeyError | undefined;
}

/** What only says that this machine knows less than the one the proxy is shown to. */
const LOCAL: ReadonlySet<string> = new Set([
  'ac/server-unknown',
  'ac/server-untrusted',
  'ac/target-mismatch',
]);

/**
 * Reads and verifies the attributes of a proxy.
 *
 * @param what how messages name the proxy
 * @param trustDirectory undefined = there is none, and nothing can be verified
 */
export async function readCarriedAttributes(
  { chain }: Pick<Credential, 'chain'>,
  what: string,
  where: Surroundings,
  trustDirectory: string | undefined,
): Promise<CarriedAttributes> {
  if (attributeCertificatesOf(chain).length === 0)
    return { texts: [], warnings: [], refusalOf: () => undefined };
  const now = where.clock.now();
  const directory = await openVomsDirectory(where);
  const trust = trustDirectory === undefined ? undefined : await loadTrustDirectory(trustDirectory);
  const path = trust && validatePath(chain, { trust, now });
  const reports = validateAttributeCertificates(path?.ok ? path.path : chain, {
    trust: trust ?? memoryTrustStore({ authorities: [] }),
    vomsDirectory: directory ?? memoryVomsDirectory({}),
    now,
  }).filter(({ findings }) => !findings.some(({ code }) => code === 'ac/superseded'));
  const missing = [
    ...(trust === undefined ? ['no trust directory'] : []),
    ...(directory === undefined ? ['no VOMS directory'] : []),
  ].join(', ');
  return {
    texts: reports.map((report) => textOf(report, missing)),
    warnings: reports.flatMap((report) =>
      missing === '' || isUseless(report) ? warningOf(report, what) : [],
    ),
    refusalOf: (vo) => {
      const own = reports.filter(({ certificate }) => certificate === undefined || certificate.vo === vo);
      const [first] = own;
      if (first === undefined || own.some((report) => !isUseless(report))) return undefined;
      const [worst] = first.findings;
      return new LatchkeyError(
        'voms/attributes-refused',
        first.certificate === undefined
          ? `the attributes in ${what} cannot be read: ${worst?.message ?? ''}`
          : `the attributes of ${quote(vo)} in ${what} do not count: ${worst?.message ?? ''}`,
        worst === undefined ? {} : { hint: worst.remedy },
      );
    },
  };
}

function isUseless({ findings }: VomsReport): boolean {
  return findings.some(({ severity, code }) => severity === 'error' && !LOCAL.has(code));
}

function textOf(report: VomsReport, missing: string): string {
  const { certificate, findings } = report;
  if (certificate === undefined) return 'attributes that cannot be read';
  const { vo, fqans, targets } = certificate;
  const isElsewhere = findings.every(
    ({ severity, code }) => severity !== 'error' || code === 'ac/target-mismatch',
  );
  const verdict = isUseless(report)
    ? 'which do not count'
    : isElsewhere
      ? 'verified'
      : `not verified${missing === '' ? '' : `: ${missing}`}`;
  const only = targets === undefined ? '' : `, for ${targets.join(', ')} only`;
  return `attributes of ${vo} (${verdict}${only}): ${fqans.map(shortFqan).join(', ')}`;
}

function warningOf({ findings, certificate }: VomsReport, what: string): string[] {
  const [worst] = findings.filter(
    ({ severity, code }) => severity === 'error' && code !== 'ac/target-mismatch',
  );
  if (worst === undefined) return [];
  const whose = certificate === undefined ? '' : ` of ${quote(certificate.vo)}`;
  return [`the attributes${whose} in ${what}: ${worst.message} (${worst.remedy})`];
}

function shortFqan(fqan: string): string {
  return fqan.replace(/\/Capability=NULL$/, '').replace(/\/Role=NULL$/, '');
}

/** Undefined when there is none: then only the server that a `vomses` line names may sign. */
export async function openVomsDirectory({
  env,
}: Pick<Surroundings, 'env'>): Promise<VomsDirectory | undefined> {
  try {
    return await loadVomsDirectory(locateVomsDirectory({ ...env }));
  } catch (error) {
    if (isLatchkeyError(error, 'voms/directory-missing')) return undefined;
    throw error;
  }
}
