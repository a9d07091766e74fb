import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { until } from '../support/credential-directory.ts';
import type { CredmonProcess } from '../support/credmon-process.ts';
import type { RequestStep, Rotation } from '../support/rotating-server.ts';
import { repositoryRoot } from '../support/workspace.ts';
import { setRotationStage } from './rotation-kills.ts';

const PRELOAD = pathToFileURL(join(repositoryRoot, 'test/support/kill-at-step.mjs')).href;
/** More steps than a rotation and its delivery take. */
const MAX_STEPS = 120;

/** One kill: where, and whether the server takes what is on the disk afterwards. */
export interface Seen {
  readonly where: string;
  readonly survived: boolean;
}

/** Kills a monitor at every step that it takes with the files of one credential, then at every step of the request. */
export async function killAtEveryStep(t: TestContext, rotation: Rotation): Promise<readonly Seen[]> {
  let monitor: CredmonProcess | undefined;
  let killAt: RequestStep | undefined;
  const stage = await setRotationStage(t, rotation, (step) => {
    if (step !== killAt) return;
    monitor?.child.kill('SIGKILL');
  });
  const { server } = stage;
  const log = join(stage.base, 'steps');
  const seen: Seen[] = [];
  const look = (where: string): void => {
    const survived = server.accepts(stage.storedToken('ann'));
    seen.push({ where, survived });
    if (!survived) stage.logIn('ann');
  };
  stage.logIn('ann');
  for (let step = 1; step <= MAX_STEPS; step += 1) {
    rmSync(log, { force: true });
    const before = { use: stage.use('ann'), rotations: server.rotations };
    monitor = stage.start({
      NODE_OPTIONS: `--import=${PRELOAD}`,
      KILL_AT_STEP: String(step),
      KILL_AT_FILES: 'mytokens\\.',
      KILL_AT_LOG: log,
    });
    let outcome: number | string | undefined;
    void monitor.ended.then((value) => {
      outcome = value;
    });
    const isOver = await until(
      () => outcome ?? (stage.use('ann') !== before.use && stepsIn(log) < step && 'renewed'),
      `step ${step}`,
    );
    if (isOver === 'renewed') {
      monitor.child.kill('SIGKILL');
      await monitor.ended;
      break;
    }
    assert.equal(isOver, 'SIGKILL', monitor.stderr() + monitor.log().slice(-1000));
    look(`${lastLineOf(log)}${server.rotations > before.rotations ? ', server had rotated' : ''}`);
  }
  for (const step of ['arrived', 'rotated', 'answered'] as const) {
    killAt = step;
    monitor = stage.start();
    assert.equal(await monitor.ended, 'SIGKILL');
    look(`request ${step}`);
  }
  killAt = undefined;
  const before = stage.use('ann');
  const last = stage.start();
  await until(() => stage.use('ann') !== before, 'a token in the end');
  last.child.kill('SIGTERM');
  assert.equal(await last.ended, 0);
  return seen;
}

function stepsIn(log: string): number {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0;
}

function lastLineOf(log: string): string {
  return readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '';
}
