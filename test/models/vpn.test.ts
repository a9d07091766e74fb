// A VPN as programs see it: addresses of one network, which every host reaches. Here a network of its own on this machine stands in for it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram, Secret } from '../../src/kit/index.ts';
import type { ObjectReference, PyroValue } from '../../src/pyro/index.ts';
import {
  allocateApplicationWithModelServer,
  connectApplications,
  connectRegistry,
  Links,
  RegistryServer,
} from '../../src/remote/index.ts';
import { latchkey, modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const INSIDE = 'LATCHKEY_TEST_INSIDE_VPN';
const KEY = 'a key of our own';
const HUB = '10.99.0.1';
const HOSTS = { thermal: '10.99.0.2', mechanical: '10.99.0.3' };

const settings = (name: string, host: string, key = KEY) => `
nshost = '${HUB}'
nsport = 9090
hkey = '${key}'
server = '${host}'
serverPort = 44520
serverNathost = '127.0.0.1'
serverNatport = 6025
jobManName = '${name}'
portsForJobs = (9718, 9800)
maxJobs = 2
`;

const MODEL = `
export class Model {
  constructor({ links }) { this._links = links; }
  at(x, y) { return 10 * x + y; }
  async solve(field) { return await (await this._links.follow(field)).call('at', [2, 3]); }
}
`;

interface Model {
  at(x: number, y: number): number;
  solve(field: PyroValue | ObjectReference): number;
}

if (process.env[INSIDE] !== undefined) {
  test('-m 2 and mode direct: no login and no tunnel; servers, jobs and applications meet at their own addresses', async (t) => {
    const directory = workspace(t);
    const key = new Secret(KEY);
    const registry = await RegistryServer.listen({ address: { host: HUB, port: 9090 }, hmacKey: key });
    t.after(() => registry.close());
    const model = join(directory, 'model.mjs');
    writeFileSync(model, MODEL);
    for (const [name, host] of Object.entries(HOSTS)) {
      const file = join(directory, `${name}.py`);
      writeFileSync(file, settings(name, host));
      const server = await modelServerProcess(t, ['-c', file, '-m', '2', '--class', `${model}#Model`], {
        directory: join(directory, name),
        key,
      });
      // NAT is for tunnels.
      assert.equal(server.uri, `PYRO:models@${host}:44520`);
    }
    await until(() => registry.size >= 2, 'both are registered');
    const tried = await latchkey(['models', 'test', '-d', '-c', join(directory, 'thermal.py'), '-m', '2']);
    assert.match(tried.out, /^Test OK: 1@thermal /, tried.err);
    assert.match(tried.err, /is there: PYRO:model@10\.99\.0\.2:97\d\d/);

    const links = new Links({ mode: 'direct', connect: () => assert.fail('no login is wanted') });
    t.after(() => links.close());
    const names = await connectRegistry({ host: HUB, port: 9090 }, key);
    t.after(() => names.close());
    const [thermal, mechanical] = [
      await allocateApplicationWithModelServer<Model>(names, 'thermal', { links, key }),
      await allocateApplicationWithModelServer<Model>(names, 'mechanical', { links, key }),
    ];
    assert.deepEqual([thermal.machine, mechanical.machine], Object.values(HOSTS));
    const link = await connectApplications(links, thermal, mechanical);
    assert.equal(link.link.route.kind, 'direct');
    assert.equal(await mechanical.model.solve(link.reference(thermal.object.reference)), 23);
    await thermal.terminate();
    await mechanical.terminate();
    assert.deepEqual(links.list, []);
  });
} else {
  test('inside a VPN: no login and no tunnel; servers, jobs and applications meet at their own addresses', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('needs root');
    if (!havePeers(t, 'unshare', 'ip')) return;
    const addresses = [HUB, ...Object.values(HOSTS)].map((host) => `ip addr add ${host}/24 dev lo`);
    const script = ['ip link set lo up', ...addresses, 'exec "$@"'].join(' && ');
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const words = ['--net', '--mount', 'sh', '-c', script, 'sh'];
    const program = [process.execPath, '--enable-source-maps', fileURLToPath(import.meta.url)];
    const { code, stdout, stderr } = await runProgram(findProgram('unshare') ?? '', [...words, ...program], {
      env: { ...env, [INSIDE]: 'yes' },
      timeoutMs: 120_000,
    });
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.match(stdout.toString(), /pass 1\n/);
  });
}

test('the key that stands in the manual is refused on an address that others reach', async (t) => {
  if (process.env[INSIDE] !== undefined) return t.skip('is another network');
  const directory = workspace(t);
  const file = join(directory, 'Config.py');
  for (const key of ['mmp-secret-key', 'mupif-secret-key']) {
    writeFileSync(file, settings('M', '192.0.2.71', key));
    const run = await latchkey([
      'models',
      'run',
      '-D',
      join(directory, 'models'),
      '-c',
      file,
      '-m',
      '2',
      '--',
      'true',
    ]);
    assert.deepEqual([run.code, run.out], [6, ''], run.err);
    assert.match(run.err, /with the key of the manual anybody could use the server on 192\.0\.2\.71/);
  }
});
