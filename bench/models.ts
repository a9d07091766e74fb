// `npm run bench -- models`: how long a model server takes to start jobs (a Node program that reports and listens on a socket of its own):
// one alone, and fifty at once. One JSON line.
import { performance } from 'node:perf_hooks';
import type { TestContext } from 'node:test';
import { standInServer } from '../test/support/model-servers.ts';

const AT_ONCE = 50;

async function bench(): Promise<void> {
  const endings: (() => unknown)[] = [];
  const context = { after: (end: () => unknown) => void endings.push(end) } as unknown as TestContext;
  try {
    const { server, client } = await standInServer(context, ['good'], {
      maxJobs: AT_ONCE,
      startSeconds: 120,
    });
    const timed = async (): Promise<number> => {
      const begun = performance.now();
      await server.allocate(client(), { user: 'bench' });
      return performance.now() - begun;
    };
    const alone = await timed();
    await server.terminateAll({ ...client(), isOperator: true });
    const begun = performance.now();
    const each = await Promise.all(Array.from({ length: AT_ONCE }, timed));
    const all = performance.now() - begun;
    const slowest = Math.max(...each);
    const figures = { alone, all, slowest, fastest: Math.min(...each), ratio: all / slowest };
    const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100]);
    console.log(
      JSON.stringify({ case: `${AT_ONCE} allocations at once, ms`, ...Object.fromEntries(rounded) }),
    );
  } finally {
    for (const end of endings) await end();
  }
}

await bench();
