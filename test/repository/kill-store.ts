import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { FileStore, type StoreFinding } from '../../src/repository/index.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';
import { idsOf, markedVersion } from './marked-credential.ts';

/** What was seen of one driver. */
interface Watched {
  readonly child: ChildProcess;
  readonly lines: string[];
}

/** Totals of {@link killStore}. */
export interface KillReport {
  kills: number;
  operations: number;
  recoveries: number;
}

/**
 * Starts two drivers on one directory again and again and kills them with SIGKILL at random moments; after every
 * kill, each credential must be whole, and the one from before or after the last operation.
 */
export async function killStore(t: TestContext, kills: number): Promise<KillReport> {
  const directory = workspace(t);
  // In memory where possible: a killed process loses no writes, and fsync on a disk would leave few operations to kill.
  const storage = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : directory, 'latchkey-test-'));
  t.after(() => rmSync(storage, { recursive: true, force: true }));
  const driver = join(directory, 'driver.mjs');
  await build({
    entryPoints: [join(repositoryRoot, 'test/repository/store-driver.ts')],
    outfile: driver,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  const report: KillReport = { kills: 0, operations: 0, recoveries: 0 };
  const expected = new Map<string, string>();
  for (let round = 0; report.kills < kills; round += 1) {
    const drivers = ['alpha', 'beta'].map((group) => startDriver(t, driver, storage, group, round * 100_000));
    await Promise.all(drivers.map(({ child, lines }) => untilReady(child, lines)));
    for (const [index, { child, lines }] of drivers.entries()) {
      await delay(Math.random() * 60);
      child.kill('SIGKILL');
      await once(child, 'close');
      report.kills += 1;
      report.operations += lines.filter((line) => line.startsWith('begin')).length;
      await checkGroup(storage, ['alpha', 'beta'][index] ?? '', lines, expected, report);
    }
  }
  const litter = readdirSync(storage).filter(
    (name) => /journal|\.tmp$|break|lock$/.test(name) && name.startsWith('.'),
  );
  assert.deepEqual(litter, []);
  return report;
}

function startDriver(t: TestContext, driver: string, storage: string, group: string, first: number): Watched {
  const child = spawn(process.execPath, [driver, storage, group, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const pieces = (rest + text).split('\n');
    rest = pieces.pop() ?? '';
    lines.push(...pieces);
  });
  return { child, lines };
}

async function untilReady(child: ChildProcess, lines: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 2000 && !lines.includes('ready'); tries += 1) {
    assert.equal(child.exitCode, null, 'the driver ended by itself');
    await delay(5);
  }
}

async function checkGroup(
  storage: string,
  group: string,
  lines: readonly string[],
  expected: Map<string, string>,
  report: KillReport,
): Promise<void> {
  const pending = new Map<string, string>();
  for (const line of lines) {
    const [word, index, ...state] = line.split(' ');
    const key = `${group} ${index}`;
    if (word === 'begin') pending.set(key, state.join(' '));
    if (word === 'end') {
      expected.set(key, pending.get(key) ?? '');
      pending.delete(key);
    }
  }
  const findings: StoreFinding[] = [];
  const store = await FileStore.open(storage, { onFinding: (finding) => findings.push(finding) });
  for (const [index, id] of idsOf(group).entries()) {
    const key = `${group} ${index}`;
    const state = describe(await store.read(id));
    const allowed = [expected.get(key) ?? 'absent', pending.get(key)];
    assert.ok(allowed.includes(state), `${key} is "${state}", expected one of ${JSON.stringify(allowed)}`);
    expected.set(key, state);
  }
  for (const id of idsOf('shared')) describe(await store.read(id));
  await store.close();
  report.recoveries += findings.filter(({ code }) => code === 'repository/journal-finished').length;
  const bad = findings.filter(({ code }) => code !== 'repository/journal-finished');
  assert.deepEqual(bad, []);
}

function describe(credential: Awaited<ReturnType<FileStore['read']>>): string {
  if (credential === undefined) return 'absent';
  const version = markedVersion(credential.pem.revealText());
  assert.ok(version !== undefined, 'the key file is not whole');
  assert.equal(credential.description, `version ${version}`, 'data and key belong together');
  return credential.lockMessage?.startsWith('locked') ? `${version} locked` : String(version);
}
