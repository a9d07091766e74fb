import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { MyProxyClient, type Notice } from '../../src/myproxy/index.ts';
import { formatOneline, identityOf } from '../../src/x509/index.ts';
import { openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const PASS_PHRASE = new Secret('correct horse');

for (const [name, env] of [
  ['TLS 1.3', {}],
  ['TLS 1.2', { GLOBUS_GSSAPI_MAX_TLS_PROTOCOL: 'TLS1_2_VERSION' }],
] as const) {
  test(`every command against the C server, ${name}`, async (t) => {
    if (!havePeers(t, 'openssl', 'myproxy-server')) return;
    const directory = workspace(t);
    const grid = await makeGrid(directory);
    const server = await startCServer(t, grid, { config: openConfig(grid.trustDirectory), env });
    const notices: Notice[] = [];
    const anonymous = new MyProxyClient({ env: server.env, onNotice: (notice) => notices.push(notice) });
    const identity = { certFile: grid.user.certificate, keyFile: grid.user.key };
    const jane = anonymous.with({ identity });
    const username = 'jane';

    await t.test('info of nothing', async () => {
      const info = await jane.info({ username });
      assert.equal(info.exists, false);
      assert.match(info.lines.join(), /no credentials found for user jane/);
      assert.equal(info.server.tlsVersion, name.replace('TLS ', 'TLSv'));
      assert.equal(info.server.dn, '/O=Grid/OU=Test/CN=localhost');
    });

    await t.test('put delegates a week', async () => {
      const put = await jane.put({ username, passphrase: PASS_PHRASE, description: 'first' });
      const days = (put.expires.getTime() - Date.now()) / 86_400_000;
      assert.ok(days > 6.9 && days < 7.1, `${days}`);
    });

    await t.test('info tells what there is', async () => {
      const { credentials, exists } = await jane.info({ username });
      assert.ok(exists && (await jane.exists({ username })));
      assert.equal(credentials.length, 1);
      assert.equal(credentials[0]?.owner, grid.user.dn);
      assert.equal(credentials[0]?.description, 'first');
      assert.equal(
        (
          await anonymous
            .with({ identity: { certFile: grid.robot.certificate, keyFile: grid.robot.key } })
            .info({ username })
        ).exists,
        false,
      );
    });

    await t.test('logon', async () => {
      const result = await anonymous.logon({ username, passphrase: PASS_PHRASE });
      assert.equal(result.chain.length, 3);
      const name = identityOf(result.chain);
      assert.equal(name && formatOneline(name), grid.user.dn);
      assert.equal(result.server.authenticated, false);
      const hours = (result.expires.getTime() - Date.now()) / 3_600_000;
      assert.ok(hours > 11.9 && hours < 12.1, `${hours}`);
    });

    await t.test('a wrong pass phrase', async () => {
      await assert.rejects(
        anonymous.logon({ username, passphrase: new Secret('wrong horse') }),
        (error) =>
          isLatchkeyError(error, 'myproxy/server-refused') && error.details.reason === 'pass-phrase-wrong',
      );
    });

    await t.test('change of the pass phrase', async () => {
      const next = new Secret('next horse');
      await jane.changePassphrase({ username, passphrase: PASS_PHRASE, newPassphrase: next });
      await anonymous.authenticate({ username, passphrase: next });
      await assert.rejects(anonymous.authenticate({ username, passphrase: PASS_PHRASE }));
    });

    await t.test('trust roots', async () => {
      const { files } = await anonymous.getTrustRoots();
      assert.equal(files.size, 4);
    });

    await t.test('destroy', async () => {
      await jane.destroy({ username });
      assert.equal(await jane.exists({ username }), false);
    });
    assert.deepEqual(notices, []);
  });
}
