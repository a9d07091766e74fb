// The thermo-mechanical example, as its reader runs it: two hosts that cannot reach each other, models in TypeScript and in Python.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { havePeers } from '../support/peers.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

const HOSTS = ['ssh', 'sshd', 'ssh-keygen', 'ip', 'unshare'];

interface Numbers {
  readonly temperature: { readonly most: number; readonly mean: number; readonly inside: number };
  readonly displacement: Readonly<Record<'bottomLeft' | 'middleLeft' | 'topLeft', readonly number[]>>;
}

/** Runs the demo and gives its numbers and what it said. */
async function demo(
  t: TestContext,
  ...args: string[]
): Promise<{ numbers: Numbers; said: string; out: string }> {
  const out = join(workspace(t), 'plots');
  const script = join(repositoryRoot, 'scripts/bootstrap.mjs');
  const run = await runProgram(
    process.execPath,
    [script, 'demo', 'thermo-mechanical', '--out', out, ...args],
    { env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: workspace(t) }, timeoutMs: 120_000 },
  );
  const said = run.stderr.toString();
  assert.equal(run.code, 0, said);
  return { numbers: JSON.parse(run.stdout.toString()), said, out };
}

/** To six digits, as an independent solver has them. */
function agree({ temperature, displacement }: Numbers): void {
  const near = (value: number | undefined, expected: number, tolerance: number) =>
    assert.ok(Math.abs((value ?? Number.NaN) - expected) <= tolerance, `${value} is not ${expected}`);
  near(temperature.most, 4.969355652, 5e-10);
  near(temperature.mean, 1.817503391, 5e-10);
  near(temperature.inside, 2.96743052, 5e-9);
  near(displacement.bottomLeft[0], -2.4476e-4, 6e-9);
  near(displacement.bottomLeft[1], 6.0885e-4, 5.1e-9);
  near(displacement.middleLeft[0], -1.1725e-4, 6e-9);
  near(displacement.middleLeft[1], 6.0852e-4, 5.1e-9);
  near(displacement.topLeft[0], -2.371e-8, 5e-12);
  near(displacement.topLeft[1], 6.084e-4, 5.1e-9);
}

for (const passing of ['reference', 'copy'] as const) {
  for (const language of ['typescript', 'python'] as const) {
    test(`two hosts that cannot reach each other: by ${passing}, the thermal model in ${language}`, async (t) => {
      if (!havePeers(t, ...HOSTS, ...(language === 'python' ? ['pyro4-ns'] : []))) return;
      if (process.geteuid?.() !== 0) return t.skip('network namespaces need root');
      const { numbers, said, out } = await demo(
        t,
        '--passing',
        passing,
        ...(language === 'python' ? ['--python'] : []),
      );
      agree(numbers);
      assert.match(said, /three hosts/);
      assert.match(said, /ThermalSolverDemo on thermal: /);
      assert.match(
        said,
        language === 'python' ? /thermal demo, Python .* with Pyro 4/ : /thermal demo, TypeScript/,
      );
      assert.match(said, new RegExp(`passed by ${passing}`));
      for (const plot of ['temperature', 'displacement'])
        assert.match(readFileSync(join(out, `${plot}.svg`), 'utf8'), /^<svg [\s\S]*<\/svg>\n$/);
    });
  }
}

test('on a machine without hosts of that kind everything runs on this one', async (t) => {
  const { numbers, said } = await demo(t, '--alone');
  agree(numbers);
  assert.match(said, /everything on this machine, without ssh/);
});

test('nothing is left of the example: no process, no directory, no socket', async (t) => {
  const temporary = workspace(t);
  const script = join(repositoryRoot, 'scripts/bootstrap.mjs');
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: temporary };
  const run = await runProgram(
    process.execPath,
    [script, 'demo', 'thermo-mechanical', '--out', join(temporary, 'plots')],
    { env, timeoutMs: 120_000 },
  );
  assert.equal(run.code, 0, run.stderr.toString());
  const lab = /PYRO:\S+@\.\/u:(\S+)\/t\/server/.exec(run.stderr.toString())?.[1] ?? '?';
  assert.notEqual(lab, '?');
  const left = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(lab);
      } catch {
        return false;
      }
    });
  assert.deepEqual(left, []);
  assert.deepEqual(
    readdirSync(temporary).filter((name) => name !== 'plots' && !/^latchkey-links-\d+$/.test(name)),
    [],
  );
});
