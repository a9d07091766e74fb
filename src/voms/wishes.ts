import { LatchkeyError, quote } from '../kit/index.ts';
import { type AttributeRequest, askedFqans, type VomsWish } from './contact-request.ts';
import { type ObtainedAttributes, type ObtainOptions, obtainAttributes } from './obtain.ts';
import { serversOf, type VomsServer } from './vomses.ts';

/** What {@link obtainWishes} works with. */
export interface WishOptions extends Omit<ObtainOptions, 'servers' | 'request'> {
  /** Every known server of every organisation. */
  readonly servers: readonly VomsServer[];
  readonly order?: readonly string[];
  readonly targets?: readonly string[];
  /** Seconds; 0 = as long as the servers give. */
  readonly lifetimeSeconds: number;
}

/** One organisation, what is asked of it, and by which servers it may be answered. */
interface Errand {
  readonly servers: readonly VomsServer[];
  readonly request: AttributeRequest;
}

/**
 * Obtains an attribute certificate of each organisation that is named, in the order they are named first; several wishes of one
 * organisation are one request.
 *
 * @throws LatchkeyError `voms/unknown-organisation` before anybody is asked, and what {@link obtainAttributes} throws
 */
export async function obtainWishes(
  wishes: readonly VomsWish[],
  options: WishOptions,
): Promise<readonly ObtainedAttributes[]> {
  const obtained: ObtainedAttributes[] = [];
  for (const errand of errandsOf(wishes, options))
    obtained.push(await obtainAttributes({ ...options, ...errand }));
  return obtained;
}

/** @throws LatchkeyError `voms/unknown-organisation` */
export function errandsOf(
  wishes: readonly VomsWish[],
  options: Omit<WishOptions, 'credential' | 'trust'>,
): readonly Errand[] {
  const byName = new Map<string, (string | undefined)[]>();
  for (const { name, command } of wishes) byName.set(name, [...(byName.get(name) ?? []), command]);
  return [...byName].map(([name, commands]) => {
    const servers = serversOf(options.servers, name);
    const [first] = servers;
    if (first === undefined) throw unknown(name, options.servers);
    const { order = [], targets = [], lifetimeSeconds } = options;
    const own = order.filter((fqan) => fqan === `/${first.vo}` || fqan.startsWith(`/${first.vo}/`));
    return {
      servers,
      request: { fqans: askedFqans(first.vo, commands), order: own, targets, lifetimeSeconds },
    };
  });
}

function unknown(name: string, servers: readonly VomsServer[]): LatchkeyError {
  const known = [...new Set(servers.map(({ alias }) => alias))];
  const shown = known.slice(0, 10).join(', ');
  return new LatchkeyError('voms/unknown-organisation', `no VOMS server of ${quote(name)} is known`, {
    hint:
      known.length === 0
        ? 'put the line its managers publish into ~/.voms/vomses'
        : `known are ${shown}${known.length > 10 ? ', …' : ''}; the managers of the organisation publish its line for ~/.voms/vomses`,
  });
}
