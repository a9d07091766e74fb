import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { makeGrid } from '../support/grid.ts';
import { latchkeyExecutable, linkOurTools } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { restPrograms, startVomsServer, VOMS_SERVER_PROGRAMS } from '../support/voms-server.ts';
import { makeSite } from '../support/voms-site.ts';
import { workspace } from '../support/workspace.ts';

for (const rest of [false, true]) {
  test(`our voms-proxy-init gets attributes of a real VOMS server, and its reasons (${rest ? 'REST' : 'XML'})`, async (t) => {
    const programs = [...VOMS_SERVER_PROGRAMS, ...(rest ? restPrograms() : [])];
    if (!havePeers(t, 'openssl', 'voms-proxy-info2', ...programs)) return;
    if (process.getuid?.() !== 0) {
      t.skip('the database server needs root');
      return;
    }
    const grid = await makeGrid(workspace(t));
    const { env } = makeSite(grid, await startVomsServer(t, grid, { rest }));
    const bin = linkOurTools(join(grid.directory, 'bin'), ['voms-proxy-init']);
    const init = (...args: string[]) => runProgram(join(bin, 'voms-proxy-init'), args, { env });

    const good = await init('-voms', 'testvo:/testvo/analysis/Role=production', '-valid', '48:00');
    assert.equal(good.code, 0, good.stderr.toString());
    assert.match(good.stdout.toString(), /Contacting {2}localhost:\d+ \[.*\] "testvo" Done\n/);
    assert.match(
      good.stderr.toString(),
      /The validity of this VOMS AC in your proxy is shortened to 86400 seconds!/,
    );
    assert.match(
      good.stderr.toString(),
      /Warning: your attributes of testvo will expire .*\nbefore the proxy, which lasts until .*\n/,
    );
    const { stdout } = await runProgram('voms-proxy-info2', ['-all'], { env });
    assert.match(
      stdout.toString(),
      /attribute : \/testvo\/analysis\/Role=production\/Capability=NULL\nattribute : /,
    );
    assert.match(stdout.toString(), /timeleft {2}: (23:59:\d\d|24:00:00)\nuri/);

    const all = await init('-voms', 'testvo', '-list');
    assert.match(all.stdout.toString(), /Available attributes:\n(\/testvo.*\n){3}/);

    const house = await runProgram(
      process.execPath,
      [latchkeyExecutable, 'voms', 'init', 'testvo', '--lifetime', '48h', '--json'],
      { env, cwd: grid.directory },
    );
    const [{ protocol, warnings }] = JSON.parse(house.stdout.toString()).attributes;
    assert.equal(protocol, rest ? 'rest' : 'legacy');
    assert.match(warnings[0], /shortened to 86400 seconds!/);

    // Asked for too long a life as well, the server's REST answer leaves out the reason.
    const impossible = await init('-voms', 'testvo:/testvo/Role=nope', '-valid', '48:00');
    assert.equal(impossible.code, 1);
    assert.match(
      impossible.stderr.toString(),
      /Error: testvo: Unable to satisfy B\/testvo:nope request!\n[\s\S]*None of the contacted servers for testvo were capable\nof returning a valid AC for the user\.\n$/,
    );
    const suspended = await init('-voms', 'testvo', '-cert', grid.robot.certificate, '-key', grid.robot.key);
    assert.match(
      suspended.stderr.toString(),
      /Error: User is currently suspended!\nSuspension reason: membership expired/,
    );
    const stranger = await init('-voms', 'testvo', '-cert', grid.host.certificate, '-key', grid.host.key);
    assert.match(stranger.stderr.toString(), /Error: testvo: User unknown to this VO\./);
  });
}
