import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A way to a server on loopback that can be cut without a word, as a network is. */
export interface CuttableLink {
  readonly port: number;
  /** Nothing comes through any more, in neither direction; nobody is told. */
  cut(): void;
  /** New connections come through again; those from before are closed. */
  mend(): void;
}

export async function cuttableLink(t: Pick<TestContext, 'after'>, port: number): Promise<CuttableLink> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isCut = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    near.on('data', (chunk) => isCut || far.write(chunk));
    far.on('data', (chunk) => isCut || near.write(chunk));
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => {});
      one.on('close', () => {
        if (!isCut) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const end = () => {
    for (const sockets of pairs) for (const socket of sockets) socket.destroy();
    pairs.clear();
  };
  t.after(() => {
    end();
    server.close();
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
      end();
    },
  };
}
