import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Exposed, pythonException, tuple } from '../../../src/pyro/index.ts';

/** The object of daemon.py, as ours: what one test does with Pyro's, another does with this. */
export class EchoObject {
  count = 0;
  /** Generators that were cleaned up. */
  ended = 0;
  /** Streams that wait for what never comes. */
  waiting = 0;
  readonly signals: AbortSignal[] = [];
  readonly exposed: Exposed;

  constructor() {
    this.exposed = new Exposed({
      methods: {
        echo: ([value]) => value,
        add: ([a, b], kwargs) => Number(a) + Number(b ?? kwargs.b ?? 0),
        keywords: (_, kwargs) => kwargs,
        fail: ([message]) => {
          throw new RangeError(String(message));
        },
        failkey: ([message]) => {
          throw pythonException('builtins.KeyError', String(message));
        },
        failown: () => {
          throw new OwnError('odd');
        },
        later: async ([value]) => {
          await delay(1);
          return value;
        },
        gen: ([count]) => this.#items(Number(count)),
        genasync: ([count]) => this.#itemsLater(Number(count)),
        failgen: async function* ([count]) {
          for (let i = 0; i < Number(count); i += 1) yield i;
          throw new RangeError('no more');
        },
        quiet: (_, __, { signal }) => this.#nothing(signal),
        spin: ([milliseconds]) => {
          const end = performance.now() + Number(milliseconds);
          while (performance.now() < end);
          return null;
        },
        note: () => {
          this.count += 1;
        },
        blob: () => Buffer.from([0, 1, 0xff]),
        size: ([data]) => (data as Uint8Array).length,
        big: ([count]) => 'x'.repeat(Number(count)),
        sleep: async ([seconds], _, { signal }) => {
          this.signals.push(signal);
          await delay(Number(seconds) * 1000, undefined, { signal });
          return seconds ?? null;
        },
        child: ([label]) => new Exposed({ methods: { name: () => label } }),
        nested: () => ({ list: [new Exposed({ methods: { name: () => 'inner' } })] }),
        many: () => tuple(1, new Set([1, 2]), { a: null }),
        nothing: () => undefined,
        unsendable: () => new Map([[Symbol('x'), 1]]),
        peer: (_, __, { peer }) => peer.isNative,
      },
      oneway: ['note'],
      attributes: {
        count: {
          get: () => this.count,
          set: (value) => {
            this.count = Number(value);
          },
        },
        fixed: { get: () => 42 },
      },
    });
  }

  *#items(count: number): Generator<number> {
    try {
      for (let i = 0; i < count; i += 1) yield i * 10;
    } finally {
      this.ended += 1;
    }
  }

  async *#itemsLater(count: number): AsyncGenerator<number> {
    try {
      for (let i = 0; i < count; i += 1) {
        await delay(1);
        yield i * 10;
      }
    } finally {
      this.ended += 1;
    }
  }

  async *#nothing(signal: AbortSignal): AsyncGenerator<number> {
    this.waiting += 1;
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.waiting -= 1;
  }
}

class OwnError extends Error {
  override readonly name = 'OwnError';
}
