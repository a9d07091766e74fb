import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Forward, ForwardState } from '../../ssh/index.ts';
import { Way } from './link.ts';

/** A forward that does what it is told; a stand-in for one of a connection. */
function standIn(state: ForwardState) {
  const listeners = new Set<(forward: Forward) => void>();
  const forward = {
    ...{ id: 1, spec: { kind: 'local', listen: { port: 1 }, connect: { port: 2 } }, description: 'l', state },
    ...{
      since: new Date(0),
      cause: undefined,
      prove: async (): Promise<ForwardState> => forward.state,
      close: async () => {},
    },
    subscribe: (listener: (forward: Forward) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } satisfies Forward;
  const enter = (next: ForwardState) => {
    forward.state = next;
    for (const listener of listeners) listener(forward);
  };
  return { forward, enter };
}

function wayOf(forwards: readonly Forward[]) {
  let seconds = 0;
  const place = { machine: 'thermal', end: { port: 2 } };
  const route = { kind: 'forward', to: 'thermal' } as const;
  const parts = { id: 1, observer: 'here', place, route, end: { port: 1 }, forwards, isShared: false };
  const way = new Way(parts, () => new Date(seconds * 1_000));
  const at = (time: number) => {
    seconds = time;
  };
  return { way, at, proven: () => way.provenAt?.getTime() };
}

test('the last proof is when a connection was last seen to arrive, not since when it works', async () => {
  const { forward, enter } = standIn('listening');
  const { way, at, proven } = wayOf([forward]);
  assert.equal(proven(), undefined);
  at(1);
  enter('proven');
  assert.deepEqual([way.state, proven(), way.since.getTime()], ['proven', 1_000, 1_000]);
  at(5);
  let told = 0;
  way.subscribe(() => {
    told += 1;
  });
  assert.equal(await way.prove(), 'proven');
  assert.deepEqual([proven(), way.since.getTime(), told], [5_000, 1_000, 1]);
  at(9);
  enter('lost');
  assert.equal(await way.prove(), 'lost');
  assert.deepEqual([way.state, proven()], ['lost', 5_000]);
});

test('a way without forwards stands, and nobody has looked', async () => {
  const { way, proven } = wayOf([]);
  assert.deepEqual([way.state, await way.prove(), proven()], ['proven', 'proven', undefined]);
});
