import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { startTestAuthority } from '../support/voms-site.ts';
import { workspace } from '../support/workspace.ts';

const PRODUCTION = '/testvo/analysis/Role=production';
const LONG = [
  '/testvo/analysis/Role=production/Capability=NULL',
  '/testvo/Role=NULL/Capability=NULL',
  '/testvo/analysis/Role=NULL/Capability=NULL',
];

test('the C++ client gets attributes of our authority, is warned and refused as by the real one', async (t) => {
  if (!havePeers(t, 'openssl', 'voms-proxy-init2', 'voms-proxy-info2')) return;
  const grid = await makeGrid(workspace(t));
  const { vomses, env, auditFile } = await startTestAuthority(t, grid);
  const init = (...args: string[]) => runProgram('voms-proxy-init2', ['-vomses', vomses, ...args], { env });
  const info = async (...args: string[]) => {
    const { stdout } = await runProgram('voms-proxy-info2', args, { env });
    return stdout.toString().trim().split('\n');
  };

  const good = await init('-voms', `testvo:${PRODUCTION}`, '-valid', '48:00');
  assert.equal(good.code, 0, good.stderr.toString());
  assert.match(good.stdout.toString(), /Contacting {2}localhost:\d+ \[.*\] "testvo" Done/);
  assert.match(good.stderr.toString(), /shortened to 86400 seconds!/);
  assert.deepEqual(await info('-fqan'), LONG);
  const all = (await info('-all')).join('\n');
  assert.match(all, /attribute : nickname = jane \(testvo\)/);
  assert.match(all, /attribute : site = lab \(\/testvo\/analysis\)/);

  const ordered = await init('-voms', 'testvo:/testvo/Role=VO-Admin', '-order', '/testvo/analysis');
  assert.equal(ordered.code, 0, ordered.stderr.toString());
  assert.deepEqual(await info('-fqan'), [LONG[2], '/testvo/Role=VO-Admin/Capability=NULL', LONG[1]]);

  const list = await init('-voms', 'testvo', '-list');
  assert.match(list.stdout.toString(), /Available attributes:\n(\/testvo.*\n){4}/);

  const impossible = await init('-voms', 'testvo:/testvo/Role=nope');
  assert.equal(impossible.code, 1);
  assert.match(impossible.stderr.toString(), /Error: testvo: Unable to satisfy B\/testvo:nope request!/);

  const suspended = await init('-voms', 'testvo', '-cert', grid.robot.certificate, '-key', grid.robot.key);
  assert.equal(suspended.code, 1);
  assert.match(
    suspended.stderr.toString(),
    /User is currently suspended!\nSuspension reason: membership expired/,
  );
  const stranger = await init('-voms', 'testvo', '-cert', grid.host.certificate, '-key', grid.host.key);
  assert.match(stranger.stderr.toString(), /testvo: User unknown to this VO\./);

  // The log collects lines for 50 ms.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const entries = readFileSync(auditFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const done = entries.filter(({ verdict }) => verdict === 'done');
  assert.deepEqual(done[0].fqans, [PRODUCTION, '/testvo', '/testvo/analysis']);
  assert.equal(done[0].client, grid.user.dn);
  assert.ok(entries.some(({ verdict, why }) => verdict === 'refused' && /suspended/.test(why)));
});

test('the Java client gets attributes of our authority, and its reasons', async (t) => {
  if (!havePeers(t, 'openssl', 'voms-proxy-init3', 'voms-proxy-info2')) return;
  const grid = await makeGrid(workspace(t));
  const { vomses, vomsDirectory, env } = await startTestAuthority(t, grid);
  const out = join(grid.directory, 'java.pem');
  const init = (who: { certificate: string; key: string }) =>
    runProgram(
      'voms-proxy-init3',
      [
        ...['-rfc', '-vomses', vomses, '-voms', `testvo:${PRODUCTION}`, '-out', out],
        ...['-cert', who.certificate, '-key', who.key, '-vomsdir', vomsDirectory],
        ...['-certdir', grid.trustDirectory],
      ],
      { env, timeoutMs: 60_000 },
    );
  const good = await init(grid.user);
  assert.equal(good.code, 0, good.stderr.toString());
  const { stdout } = await runProgram('voms-proxy-info2', ['-file', out, '-fqan'], { env });
  assert.deepEqual(stdout.toString().trim().split('\n'), LONG);
  const suspended = await init(grid.robot);
  assert.equal(suspended.code, 1);
  assert.match(suspended.stderr.toString(), /Suspension reason: membership expired/);
});

test('arcproxy, which shows the proxy it just made, gets attributes in both interfaces', async (t) => {
  if (!havePeers(t, 'openssl', 'arcproxy')) return;
  const grid = await makeGrid(workspace(t));
  const { vomses, vomsDirectory, env } = await startTestAuthority(t, grid);
  for (const flag of [[], ['-B']]) {
    const out = join(grid.directory, `arc${flag.join('')}.pem`);
    const place = [`--vomsdir=${vomsDirectory}`, '-P', out];
    const made = await runProgram(
      'arcproxy',
      [
        ...[...flag, '-S', `testvo:${PRODUCTION}`, '-V', vomses, ...place],
        ...['-C', grid.user.certificate, '-K', grid.user.key, '-T', grid.trustDirectory],
      ],
      { env, timeoutMs: 60_000 },
    );
    assert.equal(made.code, 0, made.stdout.toString() + made.stderr.toString());
    const { stdout } = await runProgram('arcproxy', ['-I', ...place, `--cadir=${grid.trustDirectory}`], {
      env,
    });
    for (const fqan of [PRODUCTION, '/testvo', '/testvo/analysis'])
      assert.match(stdout.toString(), new RegExp(`attribute : ${fqan}\n`));
  }
});
