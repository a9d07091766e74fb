import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type MonitoredPool, startMonitoredPool } from '../../test/access-point/monitored-pool.ts';
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../../test/support/authorization-server.ts';
import { workspace } from '../../test/support/workspace.ts';

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
  // oidc-provider tells about its development defaults on the console.
  Object.assign(console, { info: () => {}, warn: () => {} });
  const cleanups: (() => unknown)[] = [];
  const after = (clean: unknown): void => void cleanups.unshift(clean as () => unknown);
  const server = await startAuthorizationServer({ accessTokenSeconds: TOKEN_SECONDS, audience: STORAGE });
  after(() => server.close());
  const webPrefix = `http://localhost:${await freePort()}`;
  const files = workspace({ after });
  const inFile = (name: string, text: string): string => {
    writeFileSync(join(files, name), text, { mode: 0o600 });
    return join(files, name);
  };
  const pool = await startMonitoredPool(
    { after },
    {
      webPrefix,
      tell,
      paces: { sandboxRefreshMs: 1_000, checkPollMs: 500, restartDelayMs: 1_000, pidCacheMs: 1_000 },
      webClients: {
        mytokens: {
          clientId: 'latchkey-post',
          clientSecretFile: inFile('client-secret', `${server.clientSecret('post')}\n`),
          returnUrlSuffix: '/return/mytokens',
          authorizationUrl: `${server.issuer}/auth`,
          tokenUrl: `${server.issuer}/token`,
        },
      },
      config: {
        mytokens_ISSUER: server.issuer,
        mytokens_CA_FILE: inFile('test-authority.pem', server.ca),
        LATCHKEY_CREDMON_STATE: join(files, 'state'),
        LATCHKEY_WEB_LISTEN: new URL(webPrefix).host.replace('localhost', '127.0.0.1'),
        LATCHKEY_WEB_SIGN_IN_DIRECTORY: join(files, 'sign-in'),
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
