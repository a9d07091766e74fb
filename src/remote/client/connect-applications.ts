import type { LatchkeyError } from '../../kit/index.ts';
import { formatLocation, ObjectReference, type PyroValue, referenceOf } from '../../pyro/index.ts';
import type { Link } from '../link/link.ts';
import type { Links } from '../link/links.ts';
import { HERE } from '../link/place.ts';
import { connectLinked } from './linked-object.ts';
import { locationOf, placeOf, uriAt } from './place-uri.ts';
import { releaseAll } from './release.ts';
import type { RemoteModel } from './remote-model.ts';

// biome-ignore lint/suspicious/noExplicitAny: what the models can do has no part in linking them
type AnyModel = RemoteModel<any>;

/** Two applications that reach each other through this machine. */
export interface ApplicationLink {
  /** Connections from the second application to the first. */
  readonly link: Link;
  /** The other way round, where it was asked for. */
  readonly reverse: Link | undefined;
  /**
   * A reference to an object of one of the two, as the other one reaches it.
   *
   * @throws TypeError for a value that is no reference, or to an object of neither
   */
  reference(value: PyroValue | ObjectReference): ObjectReference;
  /** Takes it down; also done when either application is terminated. Idempotent. */
  close(): Promise<void>;
}

/**
 * Lets the second application call objects of the first, though their machines may not see each other: from its machine through this one to
 * the first's. It is proven before it is handed over, by a handshake with the first application through all of the way, and the second
 * application is given the first's key for exactly this address.
 *
 * @throws LatchkeyError what making the links and the proof throw; nothing is left then
 */
export async function connectApplications(
  links: Links,
  first: AnyModel,
  second: AnyModel,
  { bothWays = false }: { readonly bothWays?: boolean } = {},
): Promise<ApplicationLink> {
  const oneWay = await connectOneWay(links, first, second);
  const otherWay = bothWays
    ? await connectOneWay(links, second, first).catch(async (error: unknown) => {
        await oneWay.close();
        throw error;
      })
    : undefined;
  const ways = otherWay === undefined ? [oneWay] : [oneWay, otherWay];
  let closing: Promise<void> | undefined;
  const forget: (() => void)[] = [];
  const close = (why?: LatchkeyError) => {
    for (const stop of forget) stop();
    closing ??= releaseAll(
      ways.map((way) => ({ what: 'a link between applications', run: () => way.close(why) })),
    );
    return closing;
  };
  forget.push(first.onTerminate(close), second.onTerminate(close));
  return {
    ...{ link: oneWay.link, reverse: otherWay?.link, close: () => close() },
    reference: (value) => {
      const reference = referenceOf(value as PyroValue);
      if (reference === undefined) throw new TypeError('the value is no reference to an object');
      for (const { owner, link } of ways) {
        const { end } = owner.place;
        if (sameEnd(placeOf(reference.uri, owner.machine).end, end))
          return new ObjectReference(uriAt(reference.uri, link.end), reference.metadata);
      }
      throw new TypeError(`${reference.uri} is no object of the two applications that are linked`);
    },
  };
}

interface OneWay {
  readonly owner: AnyModel;
  readonly link: Link;
  close(why?: LatchkeyError): Promise<void>;
}

async function connectOneWay(links: Links, owner: AnyModel, observer: AnyModel): Promise<OneWay> {
  const link = await links.open(owner.place, { observer: observer.machine, prove: false });
  const address = formatLocation(locationOf(link.end));
  try {
    await proveThrough(links, owner, observer.machine, link);
    const keys = await observer.linkKeys();
    const { key, protection } = owner.access;
    // It crosses the observer's own protected connection only.
    await keys?.call('add', [address, key.revealText(), protection, `${owner.jobId} on ${hostOf(owner)}`]);
    const takeBack = async (why: LatchkeyError | undefined) =>
      await keys?.call('remove', [address, why?.message ?? null], { timeoutMs: 2000 }).catch(() => {});
    return {
      ...{ owner, link },
      close: (why) =>
        releaseAll([
          { what: 'the key of the link', run: () => takeBack(why) },
          { what: 'the link', run: () => link.close() },
        ]),
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}

function hostOf({ machine }: AnyModel): string {
  return machine === HERE ? 'this machine' : machine;
}

/** All of the way at once: from here to the observer's listener, back through here, to the owner, who must know the key. */
async function proveThrough(links: Links, owner: AnyModel, machine: string, link: Link): Promise<void> {
  const { key, protection } = owner.access;
  const uri = uriAt(owner.object.uri, link.end);
  const proof = await connectLinked(links, uri, {
    machine,
    ...(protection === 'hmac' ? { hmacKey: key } : { token: key }),
    connectTimeoutMs: 15_000,
  });
  await proof.close();
}

function sameEnd(
  a: { port?: number; socketPath?: string },
  b: { port?: number; socketPath?: string },
): boolean {
  return a.socketPath === undefined
    ? a.port === b.port && a.port !== undefined
    : a.socketPath === b.socketPath;
}
