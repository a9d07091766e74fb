import { MyProxyClient, type Notice, type OwnIdentity } from '../../myproxy/index.ts';
import type { Invocation } from './command.ts';
import { findPlace, type Place, requireServer } from './place.ts';

/** A client that is set up for the place a command runs in. */
export interface Session {
  readonly place: Place;
  readonly client: MyProxyClient;
}

/** Sets up the library's client; no connection is made. */
export async function openSession(invocation: Invocation, identity?: OwnIdentity): Promise<Session> {
  const place = await findPlace(invocation);
  return { place, client: clientFor(invocation, place, identity) };
}

/** The client for a place, once whom to be is known. */
export function clientFor(invocation: Invocation, place: Place, identity?: OwnIdentity): MyProxyClient {
  return new MyProxyClient({
    hostname: requireServer(place),
    port: place.port?.value,
    caCertDir: place.trust?.value,
    serverDN: place.serverDn?.value,
    env: { ...invocation.context.env },
    onNotice: (notice) => tell(invocation, notice),
    ...(identity === undefined ? {} : { identity }),
  });
}

function tell({ note }: Invocation, notice: Notice): void {
  note(`latchkey: ${notice.message}`);
}
