import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BatchCommand, BatchStatus, BatchSystem } from '../../src/jobs/batch-system.ts';
import { condor } from '../../src/jobs/condor.ts';
import { lsf } from '../../src/jobs/lsf.ts';
import { pbsPro, torque } from '../../src/jobs/pbs.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { openLocal } from '../../src/ssh/index.ts';
import { until } from '../support/credential-directory.ts';
import { standInScheduler } from '../support/stand-in-scheduler.ts';
import { workspace } from '../support/workspace.ts';

const SYSTEMS = { pbspro: pbsPro, torque, lsf, condor } as const;
type Kind = keyof typeof SYSTEMS;

function stage(t: TestContext, kind: Kind) {
  const scheduler = standInScheduler(t, kind);
  const system: BatchSystem = SYSTEMS[kind];
  const transport = openLocal();
  t.after(() => transport.close());
  const directory = join(workspace(t), "it's $(here)");
  mkdirSync(directory);
  const at = (name: string): string => join(directory, name);
  const run = (command: BatchCommand) =>
    transport.run(command.argv, { env: { ...command.env, ...scheduler.env }, input: command.input });
  let launchers = 0;
  const request = (text: string, more = {}) => {
    launchers += 1;
    const launcher = at(`launcher ${launchers}`);
    writeFileSync(launcher, text, { mode: 0o700 });
    return {
      tag: 'lk-0a1b-7',
      name: 'a "name" $HOME',
      launcher,
      directory,
      outputPath: at('out'),
      errorPath: at('err'),
      ...more,
    };
  };
  return {
    scheduler,
    system,
    at,
    run,
    async submit(launcher: string, more = {}): Promise<string> {
      const wanted = request(launcher, more);
      writeFileSync(at('script'), system.script(wanted));
      const id = system.parseSubmit(await run(system.submit(wanted, at('script'))));
      scheduler.pass(1);
      return id;
    },
    request,
    /** What queue and, failing that, accounts say. */
    async ask(...ids: string[]): Promise<readonly BatchStatus[]> {
      const queue = system.parseQuery(await run(system.query(ids)));
      if (queue.length > 0 || system.accounting === undefined) return queue;
      return system.accounting.parse(await run(system.accounting.query(ids)));
    },
  };
}

for (const kind of Object.keys(SYSTEMS) as Kind[]) {
  test(`${kind} (stand-in): submit, run, exit codes, signals, unknown ids`, async (t) => {
    const { scheduler, submit, ask, at } = stage(t, kind);
    const good = await submit('echo "id $LATCHKEY_BATCH_ID"; env | grep TASK; pwd');
    const ended = await until(async () => {
      scheduler.pass(10);
      const [status] = await ask(good);
      return status?.state === 'Done' ? status : undefined;
    });
    assert.equal(ended.id, good);
    assert.equal(ended.exitCode, 0);
    assert.equal(ended.tasks, undefined);
    assert.equal(readFileSync(at('out'), 'utf8'), `id ${good}\n${at('.')}\n`.replace('/.', ''));
    const bad = await submit('exit 3');
    const killed = await submit('kill -9 $$');
    const states = await until(async () => {
      scheduler.pass(10);
      const all = await Promise.all([ask(bad), ask(killed)]);
      return all.every(([status]) => status?.state === 'Failed') ? all.map(([status]) => status) : undefined;
    });
    assert.deepEqual(
      states.map((status) => [status?.reason, status?.exitCode, status?.signal]),
      [
        ['non-zero-exit', 3, undefined],
        ['killed-by-signal', undefined, 9],
      ],
    );
    assert.deepEqual(await ask('99999'), []);
    assert.equal((await ask(bad, '99999')).length, 1);
  });

  test(`${kind} (stand-in): cancel, wall time, suspend, and what has ended already`, async (t) => {
    const { scheduler, system, submit, ask, run } = stage(t, kind);
    const long = await submit('sleep 600');
    await until(async () => (await ask(long))[0]?.state === 'Running');
    if (system.suspend !== undefined && system.resume !== undefined) {
      system.parseControl?.(await run(system.suspend([long])));
      assert.equal((await ask(long))[0]?.state, 'Suspended');
      system.parseControl?.(await run(system.resume([long])));
      assert.equal((await ask(long))[0]?.state, 'Running');
    }
    system.parseControl?.(await run(system.cancel([long])));
    scheduler.pass(10);
    const cancelled = (await ask(long))[0];
    // Torque tells the signal only: that we cancelled it the service remembers.
    if (kind === 'torque') assert.deepEqual([cancelled?.state, cancelled?.signal], ['Failed', 15]);
    else assert.deepEqual([cancelled?.state, cancelled?.reason], ['Canceled', 'cancelled-by-user']);
    system.parseControl?.(await run(system.cancel([long, '99999'])));

    const limited = await submit('sleep 600', { wallTimeMinutes: 90 });
    await until(async () => (await ask(limited))[0]?.state === 'Running');
    scheduler.pass(89 * 60);
    assert.equal((await ask(limited))[0]?.state, 'Running');
    scheduler.pass(2 * 60);
    await ask(limited);
    scheduler.pass(10);
    const late = (await ask(limited))[0];
    assert.deepEqual([late?.state, late?.reason], ['Failed', 'timeout']);
  });

  test(`${kind} (stand-in): an array of 20, each task with its index, one query for all`, async (t) => {
    const { scheduler, submit, ask, at } = stage(t, kind);
    const id = await submit('echo "$LATCHKEY_TASK" >> tasks; [ "$LATCHKEY_TASK" != 7 ]', { arraySize: 20 });
    const all = await until(async () => {
      scheduler.pass(10);
      const statuses = await ask(id);
      return statuses.length === 20 && statuses.every(({ state }) => /Done|Failed/.test(state))
        ? statuses
        : undefined;
    });
    assert.ok(all.every((status) => status.id === id));
    const failed = all.filter(({ state }) => state === 'Failed');
    assert.deepEqual(
      failed.map(({ tasks }) => tasks),
      [[7]],
    );
    const told = readFileSync(at('tasks'), 'utf8').trim().split('\n').map(Number);
    assert.deepEqual(
      told.sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
  });

  test(`${kind} (stand-in): garbage and silence change nothing; a lost answer is found by its tag`, async (t) => {
    const { scheduler, system, submit, ask, run, request, at } = stage(t, kind);
    const id = await submit('sleep 600');
    scheduler.break('garbage');
    await assert.rejects(ask(id), (error) => isLatchkeyError(error, 'jobs/scheduler') && !error.retryable);
    scheduler.break('down');
    await assert.rejects(ask(id), (error) => isLatchkeyError(error, 'jobs/scheduler') && error.retryable);
    scheduler.mend('down');
    assert.equal((await ask(id))[0]?.state, 'Running');

    scheduler.break('lose-answer');
    const lost = request('sleep 600', { tag: 'lk-lost-1' });
    writeFileSync(at('script'), system.script(lost));
    const result = await run(system.submit(lost, at('script')));
    assert.throws(
      () => system.parseSubmit(result),
      (error) => isLatchkeyError(error, 'jobs/scheduler'),
    );
    const found = system.parseFound(await run(system.findByTag('lk-lost-1')), 'lk-lost-1');
    assert.equal(found.length, 1);
    assert.notEqual(found[0], id);
    assert.deepEqual(system.parseFound(await run(system.findByTag('lk-none')), 'lk-none'), []);
    const listed = system.parseList(await run(system.list()));
    assert.ok(listed.includes(id) && listed.includes(found[0] ?? ''));
    system.parseControl?.(await run(system.cancel([id, ...found])));
  });
}
