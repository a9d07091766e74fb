import { isLatchkeyError } from '../../kit/index.ts';
import {
  attributeCertificatesExtension,
  attributeCertificatesOf,
  dressCredential,
  type ObtainedAttributes,
  parseVomsWish,
  unevenEnds,
} from '../../voms/index.ts';
import type { Credential, Extension } from '../../x509/index.ts';
import { reportError } from './report-error.ts';
import { fail, type ToolContext } from './tool.ts';
import { type PreparedErrand, prepareErrand, unevenWarning } from './voms-contact.ts';

/** How a MyProxy tool obtains attributes for `-m`. */
export interface DressOrder {
  /** Values of `-m`. */
  readonly voms: readonly string[];
  /** 0 = as long as the servers give. */
  readonly lifetimeSeconds: number;
  readonly say: (text: string) => void;
}

/** Finds the servers before a pass phrase is asked for. @throws ToolExit */
export async function prepareDress(context: ToolContext, order: DressOrder): Promise<PreparedErrand> {
  let isAsking = false;
  const answered = (how: string): void => {
    if (isAsking) order.say(` ${how}\n`);
    isAsking = false;
  };
  try {
    const errand = await prepareErrand(context, {
      wishes: order.voms.map(parseVomsWish),
      lifetimeSeconds: order.lifetimeSeconds,
      onFinding: (message) => context.err(`${message}\n`),
      onServer: ({ host, port, dn, vo }, failure) => {
        if (failure !== undefined) return answered('Failed');
        answered('Done');
        order.say(`Contacting  ${host}:${port} [${dn}] "${vo}"`);
        isAsking = true;
      },
    });
    return {
      obtain: async (credential) => {
        const obtained = await errand.obtain(credential).catch(failed);
        answered('Done');
        for (const { warnings } of obtained)
          for (const { message } of warnings) context.err(`\nWarning: ${message}\n\n`);
        return obtained;
      },
    };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): never {
  if (!isLatchkeyError(error)) throw error;
  throw fail(`${reportError(error).trimEnd()}\nvoms-proxy-init failed`);
}

/** The extension for a proxy that is about to be made of `credential`. */
export async function attributesFor(errand: PreparedErrand, credential: Credential): Promise<Extension[]> {
  return [attributeCertificatesExtension(certificatesOf(await errand.obtain(credential)))];
}

/**
 * Puts a proxy with attributes below one that was retrieved, as `voms-proxy-init -noregen` does; one that the server dressed already
 * stays as it is.
 */
export async function dressRetrieved(
  context: ToolContext,
  order: DressOrder,
  errand: PreparedErrand,
  retrieved: Credential,
): Promise<Credential> {
  if (hasAttributes(retrieved, order.voms)) return retrieved;
  const certificates = certificatesOf(await errand.obtain(retrieved));
  order.say('Creating proxy ');
  const dressed = await dressCredential(retrieved, {
    certificates,
    now: context.now(),
    lifetimeSeconds: 0,
  });
  order.say(' Done\n');
  const ends = dressed.chain.map(({ notAfter }) => notAfter.getTime());
  for (const uneven of unevenEnds(new Date(Math.min(...ends)), certificates))
    context.err(`${unevenWarning(uneven)}\n`);
  return dressed;
}

function certificatesOf(obtained: readonly ObtainedAttributes[]) {
  return obtained.map(({ certificate }) => certificate);
}

/** Only the retrieved proxy itself counts: attributes further up may end sooner, and were asked for by somebody else. */
function hasAttributes({ chain }: Credential, voms: readonly string[]): boolean {
  const carried = attributeCertificatesOf(chain).filter(({ proxyIndex }) => proxyIndex === 0);
  const organisations = new Set(carried.map(({ certificate }) => certificate?.vo));
  return voms.every((value) => organisations.has(parseVomsWish(value).name));
}
