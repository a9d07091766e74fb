import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError } from '../../../kit/index.ts';
import { loadModelSettings } from './load-model-settings.ts';
import { parseModelsSection, settingsFromSection } from './toml-settings.ts';

const GROUND = { base: '/etc/models', directory: '/var/lib/models' };
const settings = (lines: string) =>
  settingsFromSection(parseModelsSection(`[models]\ncommand = ["model"]\n${lines}`, 'latchkey.toml'), GROUND);
const refused = (lines: string, words: RegExp) =>
  assert.throws(
    () => settings(lines),
    (error) => isLatchkeyError(error) && words.test(error.message),
  );

test('a host, with what is asked of its scheduler and what follows its jobs', () => {
  const { host } = settings(
    'host = "slurm://localhost/?queue=short"\nproxy = "x509up"\nnode_listen = "10.1.2.3"\n[models.job]\nwallTimeLimit = "2h"',
  );
  assert.deepEqual(host, {
    url: 'slurm://localhost/?queue=short',
    job: { wallTimeLimit: '2h' },
    listen: '10.1.2.3',
    runtime: undefined,
    proxy: '/etc/models/x509up',
    token: undefined,
  });
  assert.equal(settings('').host, undefined);
});

test('what means nothing with a host, or without one, is said', () => {
  refused('proxy = "x509up"', /models\.proxy: it is for jobs of a host/);
  refused('[models.job]\nwallTimeLimit = "2h"', /models\.job: it is for jobs of a host/);
  refused('host = "local://"', /"local:\/\/localhost" is no host of models/);
  refused('host = "slurm://login"', /runs on this machine, and "login" is another/);
  refused(
    'host = "slurm://localhost"\nports = [9000, 9100]',
    /job_listen and models\.ports are of this machine/,
  );
  refused('host = "ssh://node"\nnode_listen = "ib0"', /"ib0" is neither node nor an address/);
  assert.deepEqual(settings('host = "ssh://node"\nports = [9000, 9100]').jobPlaces, {
    host: '127.0.0.1',
    ports: { first: 9000, last: 9100 },
  });
});

function configPy(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-settings-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'Config.py');
  writeFileSync(
    file,
    'server = "127.0.0.1"\nserverPort = 44382\nhkey = "a key of our own"\nportsForJobs = (9000, 9100)\n',
  );
  return file;
}

test('with settings under the old names jobs go to nodes, too; their ports are then of no use', async (t) => {
  const source = { file: configPy(t), mode: 0, directory: '/var/lib/models', env: {} } as const;
  const here = await loadModelSettings({ ...source, given: { command: ['true'] } });
  assert.deepEqual(here.settings.jobPlaces, { host: '127.0.0.1', ports: { first: 9000, last: 9100 } });
  const there = await loadModelSettings({
    ...source,
    given: { command: ['true'], host: 'slurm://localhost' },
  });
  assert.equal(there.settings.jobPlaces, 'unix');
  assert.equal(there.settings.host?.url, 'slurm://localhost');
});
