import { type ConnectOptions, connectObject, dialSocket, type RemoteObject } from '../../pyro/index.ts';
import type { Link } from '../link/link.ts';
import type { Links } from '../link/links.ts';
import { HERE } from '../link/place.ts';
import { locationOf, placeOf } from './place-uri.ts';
import { releaseAll } from './release.ts';

/** An object with the way to it. */
export interface LinkedObject {
  readonly object: RemoteObject;
  readonly link: Link;
  close(): Promise<void>;
}

/** Which machine an object is on, and how it is spoken to. */
export interface Reach extends Omit<ConnectOptions, 'dial'> {
  /** Default: this machine. */
  readonly machine?: string | undefined;
}

/**
 * Connects to an object on another machine. Its URI is the one that its own machine gives; the way there is a link. The handshake with the
 * object's token or key is the proof that the right one answers: without it nothing is handed over.
 *
 * @throws LatchkeyError what `Links.open` and `connectObject` throw; nothing is left open then
 */
export async function connectLinked(
  links: Links,
  uri: string,
  { machine = HERE, ...options }: Reach = {},
): Promise<LinkedObject> {
  // The handshake below is a better proof than a connection.
  const link = await links.open(placeOf(uri, machine), { prove: false });
  try {
    const end = locationOf(link.end);
    const object = await connectObject(uri, {
      ...options,
      dial: (_address, signal) => dialSocket(end, signal),
    });
    return {
      ...{ object, link },
      close: () =>
        releaseAll([
          { what: `the connection to ${uri}`, run: () => object.close() },
          { what: `the link to ${machine}`, run: () => link.close() },
        ]),
    };
  } catch (error) {
    const cause = link.cause;
    await link.close();
    // A forward to nobody only closes the connection: the link knows more than the socket.
    throw cause ?? error;
  }
}
