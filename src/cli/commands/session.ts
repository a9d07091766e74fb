import { MyProxyClient, type Notice, type OwnIdentity } from '../../myproxy/index.ts';
import type { Invocation } from './command.ts';
import { type Place, requireServer } from './place.ts';

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
