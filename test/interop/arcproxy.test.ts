import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { parseCertificates } from '../../src/x509/index.ts';
import { makeGrid } from '../support/grid.ts';
import { startOurServer } from '../support/our-server.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

test('arcproxy puts, inspects, gets, changes the pass phrase and destroys on our server', async (t) => {
  if (!havePeers(t, 'arcproxy', 'openssl')) return;
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const server = await startOurServer(t, grid);
  const arcproxy = async (...args: string[]) => {
    const credential = ['-C', grid.user.certificate, '-K', grid.user.key, '-T', grid.trustDirectory];
    const target = ['-L', `localhost:${server.port}`, '-U', 'jdoe'];
    const run = await runProgram('arcproxy', [...credential, ...target, ...args], {
      env: { PATH: process.env.PATH, HOME: directory, LC_ALL: 'C' },
    });
    // Its exit code is 1 for everything but PUT, also on success: the text tells.
    return run.stdout.toString() + run.stderr.toString();
  };

  const proxy = join(directory, 'ap.pem');
  const made = await runProgram(
    'arcproxy',
    ['-C', grid.user.certificate, '-K', grid.user.key, '-T', grid.trustDirectory, '-P', proxy],
    { env: { PATH: process.env.PATH, HOME: directory, LC_ALL: 'C' } },
  );
  assert.match(made.stdout.toString(), /Your proxy is valid until/);
  const put = await arcproxy('-P', proxy, '-M', 'PUT', '-p', 'myproxynew="secretpw1"');
  assert.match(put, /Succeeded to put a proxy onto MyProxy server/);

  const info = await arcproxy('-P', proxy, '-M', 'INFO', '-p', 'myproxy="secretpw1"');
  assert.match(info, /owner: \/O=Grid\/OU=Test\/CN=Jane User/);
  assert.match(info, /Succeeded to get info from MyProxy server/);

  const got = join(directory, 'got.pem');
  const get = await arcproxy('-P', got, '-M', 'GET', '-p', 'myproxy="secretpw1"', '-c', 'validityPeriod=2h');
  assert.match(get, /Succeeded to get a proxy/);
  assert.equal(parseCertificates(readFileSync(got, 'utf8')).length >= 3, true);

  const wrong = await arcproxy('-P', got, '-M', 'GET', '-p', 'myproxy="wrongpw1"');
  assert.match(wrong, /MyProxy failure: .*invalid credential passphrase/);
  const nobody = await runProgram(
    'arcproxy',
    [
      '-C',
      grid.user.certificate,
      '-K',
      grid.user.key,
      '-T',
      grid.trustDirectory,
      '-P',
      got,
      '-L',
      `localhost:${server.port}`,
      '-U',
      'nobody1',
      '-M',
      'GET',
      '-p',
      'myproxy="secretpw1"',
    ],
    { env: { PATH: process.env.PATH, HOME: directory, LC_ALL: 'C' } },
  );
  assert.match(
    nobody.stdout.toString() + nobody.stderr.toString(),
    /No credentials exist for username "nobody1"/,
  );

  const changed = await arcproxy(
    '-P',
    proxy,
    '-M',
    'NEWPASS',
    '-p',
    'myproxy="secretpw1"',
    '-p',
    'myproxynew="newpass99"',
  );
  assert.match(changed, /Succeeded to change password on MyProxy server/);

  const destroyed = await arcproxy('-P', proxy, '-M', 'DESTROY', '-p', 'myproxy="newpass99"');
  assert.match(destroyed, /Succeeded to destroy credential on MyProxy server/);
  assert.match(
    await arcproxy('-P', proxy, '-M', 'INFO', '-p', 'myproxy="newpass99"'),
    /no credentials found for user jdoe/,
  );
});
