import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { makeVomsLab, type VomsLab } from '../support/voms-lab.ts';
import { workspace } from '../support/workspace.ts';

// Our voms-proxy-fake, read by the C++ tool; latchkey voms info, for people and programs.

const PEERS = ['openssl', 'voms-proxy-info2'];
let lab: VomsLab;

before(async (context) => {
  if (findProgram('openssl') === undefined) return;
  lab = await makeVomsLab(workspace(context as TestContext));
});

async function latchkey(...argv: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const run = await runProgram(process.execPath, [latchkeyExecutable, ...argv], { env: lab.env });
  return { code: run.code, stdout: run.stdout.toString(), stderr: run.stderr.toString() };
}

function fakeArguments(out: string): string[] {
  const { user, host } = lab.grid;
  return [
    ...['tool', 'voms-proxy-fake', '-q', '-cert', user.certificate, '-key', user.key, '-out', out],
    ...['-hostcert', host.certificate, '-hostkey', host.key, '-voms', 'testvo', '-uri', 'localhost:15000'],
    ...['-fqan', '/testvo/Role=NULL/Capability=NULL'],
  ];
}

test('our voms-proxy-fake makes what the C++ tool reads, with every kind of lifetime and attribute', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const out = join(lab.directory, 'ours.pem');
  const more = [
    '-ga',
    'nick = jane (testvo)',
    '-ga',
    'mail=j@x',
    '-hours',
    '3',
    '-pastac',
    '1:00',
    '-vomslife',
    '2',
  ];
  const made = await latchkey(...fakeArguments(out), ...more);
  assert.deepEqual(made, { code: 0, stdout: '', stderr: '' });
  const read = await runProgram('voms-proxy-info2', ['-file', out, '-all', '-actimeleft'], { env: lab.env });
  const text = read.stdout.toString();
  assert.equal(read.code, 0, text);
  assert.match(text, /^attribute : nick = jane \(testvo\)$/m);
  assert.match(text, /^attribute : mail = j@x$/m);
  assert.match(text, /^timeleft {2}: (?:2:59:5|3:00:0)/m);
  // Two hours that began an hour ago.
  assert.match(text, /^(?:359\d|3600)$/m);
});

test('our voms-proxy-fake says what is missing, and makes nothing', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const out = join(lab.directory, 'none.pem');
  const { user } = lab.grid;
  const own = ['tool', 'voms-proxy-fake', '-cert', user.certificate, '-key', user.key, '-out', out];
  for (const [argv, words] of [
    [[...own, '-voms', 'testvo'], 'Error: You must specify an host certificate!\n'],
    [[...own, '-bits', '100'], 'Error: number of bits in key must be one of 512, 1024, 2048, 4096.\n'],
    [[...own, '-ga', 'x'], "ga: xDoes not respect 'id = value [{qual}]' syntax!\n"],
    [[...own, '-selfsigned'], 'voms-proxy-fake: -selfsigned is not supported by latchkey\n'],
  ] as const) {
    const run = await latchkey(...argv);
    assert.deepEqual([run.code, run.stderr], [1, words]);
  }
});

test('latchkey voms info verifies, says what to do, and answers programs', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const good = await lab.dressed('good', [await lab.attributes()]);
  const people = await latchkey('voms', 'info', good);
  assert.equal(people.code, 0, people.stdout + people.stderr);
  assert.match(people.stdout, /✔ testvo\n {2}groups +\/testvo\/Role=NULL/);

  const stolen = await lab.dressed('stolen', [await lab.attributes()], lab.robot);
  const refused = await latchkey('voms', 'info', stolen);
  assert.equal(refused.code, 5);
  assert.match(refused.stdout, /✘ testvo/);
  assert.match(refused.stdout, /✘ it is for the certificate with the serial number/);
  assert.match(refused.stdout, /hint: make a proxy of your own: attributes cannot be handed on/);

  const json = JSON.parse((await latchkey('voms', 'info', stolen, '--json')).stdout);
  const text = JSON.stringify(json);
  assert.match(text, /"code":"ac\/holder-mismatch"/);
  assert.match(text, /"verified":false/);

  assert.equal((await latchkey('voms', 'info', good, '--vo', 'testvo')).code, 0);
  assert.equal((await latchkey('voms', 'info', good, '--vo', 'other')).code, 5);
  assert.equal((await latchkey('voms', 'info', await lab.proxy('plain', lab.user))).code, 5);
  const nowhere = await latchkey('voms', 'info', good, '--voms-directory', join(lab.directory, 'nowhere'));
  assert.equal(nowhere.code, 6);
  assert.match(nowhere.stderr, /cannot read the VOMS directory .*nowhere/);
});

test('attributes of somebody whose certificates only lie in the file prove nothing', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const certificatesOf = (path: string): readonly string[] =>
    readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n/g) ?? [];
  const [own = '', ...above] = certificatesOf(await lab.proxy('robots', lab.robot));
  const janes = certificatesOf(await lab.dressed('janes', [await lab.attributes()]));
  const pasted = join(lab.directory, 'pasted.pem');
  // The robot's proxy; Jane's proxy with her attributes, and her certificate; the robot's certificate.
  writeFileSync(pasted, [own, ...janes, ...above].join(''), { mode: 0o600 });
  const run = await latchkey('voms', 'info', pasted, '--vo', 'testvo');
  assert.equal(run.code, 5, run.stdout);
  assert.match(run.stdout, /CN=Robot Renewer/);
  assert.doesNotMatch(run.stdout, /✔ testvo/);
});
