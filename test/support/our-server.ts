import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type CServer, type CServerOptions, openConfig, startCServer } from './c-server.ts';
import type { Grid } from './grid.ts';
import { linkOurTools } from './our-tools.ts';

/** Starts our server exactly as the C one is started: same name, same options, as a daemon. */
export function startOurServer(
  t: Pick<TestContext, 'after'>,
  grid: Grid,
  options: CServerOptions = {},
): Promise<CServer> {
  const bin = linkOurTools(join(grid.directory, `sbin-${Math.random().toString(36).slice(2)}`), [
    'myproxy-server',
  ]);
  return startCServer(t, grid, {
    config: openConfig(grid.trustDirectory),
    program: join(bin, 'myproxy-server'),
    ...options,
  });
}
