import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import {
  errandsOf,
  loadVomsDirectory,
  loadVomses,
  locateVomsDirectory,
  type ObtainedAttributes,
  obtainWishes,
  type UnevenEnds,
  type VomsDirectory,
  type VomsWish,
  type WishOptions,
} from '../../voms/index.ts';
import {
  type Credential,
  loadTrustDirectory,
  locateTrustDirectory,
  type TrustStore,
} from '../../x509/index.ts';
import { asctime } from './time-text.ts';
import type { ToolContext } from './tool.ts';

/** What attributes are obtained with, from a command line. */
export interface VomsErrand {
  readonly wishes: readonly VomsWish[];
  /** `vomses` files or directories that were named; absent = the usual ones. */
  readonly vomses?: readonly string[] | undefined;
  readonly trustDirectory?: string | undefined;
  readonly order?: readonly string[];
  readonly targets?: readonly string[];
  /** 0 = as long as the servers give. */
  readonly lifetimeSeconds: number;
  readonly timeoutMs?: number | undefined;
  readonly dangerouslySkipVerification?: boolean;
  readonly onServer?: WishOptions['onServer'];
  /** Told each bad line of a `vomses` file. */
  readonly onFinding?: (message: string) => void;
}

/** An errand whose organisations are known. */
export interface PreparedErrand {
  /** @throws LatchkeyError what `obtainWishes` throws */
  obtain(credential: Credential): Promise<readonly ObtainedAttributes[]>;
}

/**
 * Reads what is needed to obtain attributes: servers, trust, LSC files. Nobody is asked yet.
 *
 * @throws LatchkeyError `voms/unknown-organisation`, `voms/value-invalid`, `x509/trust-missing`
 */
export async function prepareErrand(context: ToolContext, errand: VomsErrand): Promise<PreparedErrand> {
  const env = { ...context.env };
  const { servers, findings } = await loadVomses({ paths: errand.vomses, env });
  for (const { message } of findings) errand.onFinding?.(message);
  const [trust, vomsDirectory] = await Promise.all([
    openTrust(context, errand.trustDirectory),
    openVomsDirectory(env),
  ]);
  const options = {
    servers,
    trust,
    vomsDirectory,
    now: context.now,
    order: errand.order ?? [],
    targets: errand.targets ?? [],
    lifetimeSeconds: errand.lifetimeSeconds,
    timeoutMs: errand.timeoutMs,
    dangerouslySkipVerification: errand.dangerouslySkipVerification ?? false,
    ...(errand.onServer === undefined ? {} : { onServer: errand.onServer }),
  };
  errandsOf(errand.wishes, options);
  return { obtain: (credential) => obtainWishes(errand.wishes, { ...options, credential }) };
}

async function openTrust(context: ToolContext, named: string | undefined): Promise<TrustStore> {
  const path = named ?? (await locateTrustDirectory({ env: { ...context.env }, uid: context.uid }));
  if (path !== undefined) return await loadTrustDirectory(path);
  throw new LatchkeyError('x509/trust-missing', 'there is no directory of trusted authorities', {
    hint: 'set X509_CERT_DIR, or get one with myproxy-get-trustroots -b',
  });
}

/** Without LSC files the server that the vomses line names is the one to sign. */
async function openVomsDirectory(env: NodeJS.ProcessEnv): Promise<VomsDirectory | undefined> {
  try {
    return await loadVomsDirectory(locateVomsDirectory(env));
  } catch (error) {
    if (isLatchkeyError(error, 'voms/directory-missing')) return undefined;
    throw error;
  }
}

/** The warning when proxy and attributes do not end together, with both times, in the words of the tools. */
export function unevenWarning({ vo, proxyEnds, attributesEnd, endsFirst }: UnevenEnds): string {
  return endsFirst === 'proxy'
    ? `Warning: your proxy will expire ${asctime(proxyEnds)}\nbefore its attributes of ${vo}, which would last until ${asctime(attributesEnd)}`
    : `Warning: your attributes of ${vo} will expire ${asctime(attributesEnd)}\nbefore the proxy, which lasts until ${asctime(proxyEnds)}`;
}
