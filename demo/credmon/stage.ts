import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type MonitoredPool, startMonitoredPool } from '../../test/access-point/monitored-pool.ts';
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../../test/support/authorization-server.ts';

/** Everything the demo runs on, in one private directory and on loopback. */
export interface Stage {
  readonly server: AuthorizationServer;
  readonly pool: MonitoredPool;
  readonly base: string;
  /** Ends every process and removes the directory. */
  close(): Promise<void>;
}

/** Short, so that a renewal is seen while one watches. */
const TOKEN_SECONDS = 20;

/** The audience of the tokens, an imaginary storage. */
export const STORAGE = 'https://storage.example';

/** @param tell what the access point's daemons say */
export async function setStage(tell: (who: string, what: string) => void): Promise<Stage> {
  const cleanups: (() => unknown)[] = [];
  const after = (clean: unknown): void => void cleanups.unshift(clean as () => unknown);
  const server = await startAuthorizationServer({ accessTokenSeconds: TOKEN_SECONDS, audience: STORAGE });
  after(() => server.close());
  const port = await freePort();
  const webPrefix = `https://localhost:${port}`;
  const secrets = { file: '' };
  const pool = await startMonitoredPool(
    { after },
    {
      webPrefix,
      tell,
      paces: { sandboxRefreshMs: 1_000, checkPollMs: 500, restartDelayMs: 1_000 },
      webClients: {},
      before: (_, base) => {
        secrets.file = join(base, 'client-secret');
        writeFileSync(secrets.file, `${server.clientSecret('post')}\n`);
        chmodSync(secrets.file, 0o600);
      },
    },
  );
  return {
    server,
    pool,
    base: pool.base,
    close: async () => {
      for (const clean of cleanups) await clean();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
