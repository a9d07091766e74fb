import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { KeeperEvent } from '../../src/keeper/index.ts';
import { LatchkeyError } from '../../src/kit/index.ts';
import { Context, Session } from '../../src/session/index.ts';
import { attributeCertificatesOf } from '../../src/voms/index.ts';
import {
  generateKeyPair,
  issueProxy,
  keySigner,
  parseCredential,
  writeProxyFile,
} from '../../src/x509/index.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { makeVomsLab } from '../support/voms-lab.ts';
import { startTestAuthority } from '../support/voms-site.ts';
import { workspace } from '../support/workspace.ts';

/** A plain proxy of Jane, an hour long. */
async function plainProxy(grid: Grid): Promise<string> {
  const { certificate, key } = grid.user;
  const jane = await parseCredential(`${readFileSync(certificate, 'utf8')}\n${readFileSync(key, 'utf8')}`);
  const [issuer] = jane.chain;
  assert.ok(issuer);
  const pair = await generateKeyPair({ type: 'rsa', bits: 2048 });
  const proxy = await issueProxy({
    ...{ issuer, signer: keySigner(jane.privateKey), publicKey: pair.publicKey },
    ...{ lifetimeSeconds: 3_600, now: new Date() },
  });
  const path = join(grid.directory, 'plain.pem');
  return await writeProxyFile({ chain: [proxy, ...jane.chain], privateKey: pair.privateKey }, path);
}

test('a VOMS context dresses a plain proxy, and dresses it anew before the attributes end', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const members = `vo = "testvo"\nmax_lifetime_hours = 0.1\n[[member]]\ndn = "${grid.user.dn}"\nroles = ["/testvo/Role=pilot"]\n`;
  const { env, auditFile } = await startTestAuthority(t, grid, { members });
  const user_proxy = await plainProxy(grid);
  const clock = new FakeClock(new Date().toISOString());
  const session = new Session({
    ...{ defaults: false, home: grid.directory, directory: grid.directory },
    ...{ env: { ...env, X509_USER_PROXY: undefined }, clock },
  });
  t.after(() => session.close());
  const context = new Context('VOMS', { user_proxy, user_vo: 'testvo:/testvo/Role=pilot' });
  await session.addContext(context);
  assert.ok(session.isRenewable(context));
  // It is of use only as long as its attributes: six minutes, not an hour.
  const left = (session.expiresAt(context)?.getTime() ?? 0) - clock.now().getTime();
  assert.ok(left > 300_000 && left <= 361_000, `${left} ms`);

  const source = session.source(context);
  const lease = { id: 'x', owner: 'jane', kind: 'x509-proxy', provider: 'test' };
  const current = async () => {
    const { bytes } = await source.obtain(lease, new AbortController().signal);
    const { chain } = await parseCredential(bytes.revealText());
    const [carried] = attributeCertificatesOf(chain);
    return {
      depth: chain.length,
      fqans: carried?.certificate?.fqans,
      serial: carried?.certificate?.serialNumber,
    };
  };
  const first = await current();
  assert.equal(first.depth, 3);
  assert.deepEqual(first.fqans, ['/testvo/Role=pilot/Capability=NULL', '/testvo/Role=NULL/Capability=NULL']);
  assert.equal((await current()).serial, first.serial);

  // Stops where the renewal begins: the network lives in another time than the clock.
  const renewed = new Promise<KeeperEvent>((resolve) => session.keeper.subscribe(resolve));
  const [id = ''] = [...session.keeper.list()].map(({ lease: { id: kept } }) => kept);
  for (let step = 0; step < 60 && session.keeper.status(id)?.state !== 'renewing'; step += 1) {
    await clock.advance(5_000);
  }
  const event = await renewed;
  assert.ok(event.type === 'renewed', inspect(event));
  const second = await current();
  assert.notEqual(second.serial, first.serial);
  // Below the plain proxy again, not below the dressed one.
  assert.equal(second.depth, 3);
  await session.close();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const given = readFileSync(auditFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"done"'));
  assert.ok(given.length >= 2);
});

test('a VOMS context of somebody who is refused says why; of an organisation nobody knows, what is missing', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const { env } = await startTestAuthority(t, grid);
  const user_proxy = await plainProxy(grid);
  const session = new Session({
    ...{ defaults: false, home: grid.directory, directory: grid.directory },
    env: { ...env, X509_USER_PROXY: undefined },
  });
  t.after(() => session.close());
  const failure = async (user_vo: string): Promise<LatchkeyError> => {
    const error = await session.addContext(new Context('VOMS', { user_proxy, user_vo })).then(
      () => assert.fail('it was accepted'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof LatchkeyError, String(error));
    return error;
  };
  const refused = await failure('testvo:/testvo/Role=nope');
  assert.equal(refused.code, 'voms/bad-request');
  assert.match(refused.message, /Unable to satisfy B\/testvo:nope request!/);
  assert.equal((await failure('nosuch:/nosuch/Role=x')).code, 'voms/unknown-organisation');
  assert.match((await failure('nosuch')).message, /no attributes of any organisation, not of "nosuch"/);
});

test('a proxy that brings its attributes along: what it carries is told, and whether it verifies', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const lab = await makeVomsLab(workspace(t));
  const good = await lab.dressed('good', [await lab.attributes()]);
  const stolen = await lab.dressed('stolen', [await lab.attributes()], lab.robot);
  const hour = 3_600_000;
  const expired = await lab.dressed('expired', [
    await lab.attributes({
      notBefore: new Date(Date.now() - 2 * hour),
      notAfter: new Date(Date.now() - hour),
    }),
  ]);
  const sessionOf = (more: NodeJS.ProcessEnv = {}): Session => {
    const session = new Session({
      ...{ defaults: false, home: lab.directory, directory: lab.directory },
      env: { ...lab.env, X509_USER_PROXY: undefined, ...more },
    });
    t.after(() => session.close());
    return session;
  };
  const reportOf = async (user_proxy: string, kind: 'X509' | 'VOMS', more: NodeJS.ProcessEnv = {}) => {
    const session = sessionOf(more);
    await session.addContext(
      new Context(kind, { user_proxy, ...(kind === 'VOMS' ? { user_vo: 'testvo' } : {}) }),
    );
    const [report] = await session.list();
    assert.ok(report);
    return report;
  };
  for (const kind of ['X509', 'VOMS'] as const) {
    const { summary, warnings } = await reportOf(good, kind);
    assert.match(
      summary,
      /, attributes of testvo \(verified\): \/testvo, \/testvo\/analysis\/Role=production$/,
    );
    assert.deepEqual(warnings, []);
  }
  // Who has no VOMS directory cannot verify, and is not warned of that.
  const { summary, warnings } = await reportOf(good, 'VOMS', { X509_VOMS_DIR: join(lab.directory, 'none') });
  assert.match(summary, /attributes of testvo \(not verified: no VOMS directory\): \/testvo,/);
  assert.deepEqual(warnings, []);

  const other = new Context('VOMS', { user_proxy: good, user_vo: 'cms' });
  await assert.rejects(sessionOf().addContext(other), /has attributes of another one, not of "cms"/);

  const pasted = await reportOf(stolen, 'X509');
  assert.match(pasted.summary, /attributes of testvo \(which do not count\)/);
  assert.match(
    pasted.warnings.join('\n'),
    /"testvo" in the proxy in ".*stolen\.pem": it is for the certificate with/,
  );
  assert.match((await reportOf(expired, 'X509')).warnings.join('\n'), /have expired at/);
  for (const [useless, hint] of [
    [stolen, /make a proxy of your own/],
    [expired, /make a new proxy|new attributes|voms-proxy-init/],
  ] as const) {
    await assert.rejects(reportOf(useless, 'VOMS'), (error) => {
      assert.ok(error instanceof LatchkeyError);
      assert.equal(error.code, 'voms/attributes-refused');
      assert.match(error.hint ?? '', hint);
      return true;
    });
  }
});
