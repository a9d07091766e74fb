import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLatchkeyError, runProgram, Secret } from '../../src/kit/index.ts';
import { formatOneline, isPkcs12, openPkcs12 } from '../../src/x509/index.ts';
import { makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const DES3 = 'PBE-SHA1-3DES';
/** What `openssl pkcs12 -export` is asked for. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  'as OpenSSL 3 writes it': [],
  'as programs wrote it before': ['-keypbe', DES3, '-certpbe', DES3, '-macalg', 'sha1'],
  'with another digest': ['-keypbe', 'AES-128-CBC', '-certpbe', DES3, '-macalg', 'sha512'],
  'not encrypted': ['-keypbe', 'NONE', '-certpbe', 'NONE'],
  'without an integrity check': ['-nomac'],
  'with the authority': ['-certfile', 'CA'],
};

test('PKCS#12 files of OpenSSL are opened with their pass phrase only', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const path = join(grid.directory, 'user.p12');
  const write = async (phrase: string, options: readonly string[]): Promise<Buffer> => {
    const more = options.map((option) => (option === 'CA' ? grid.ca.certificate : option));
    const own = ['-in', grid.user.certificate, '-inkey', grid.user.key, '-out', path];
    const argv = ['pkcs12', '-export', ...own, '-passout', 'env:PHRASE', ...more];
    const run = await runProgram('openssl', argv, { env: { PATH: process.env.PATH, PHRASE: phrase } });
    assert.equal(run.code, 0, run.stderr.toString());
    return readFileSync(path);
  };
  const wrong = (error: unknown) => isLatchkeyError(error, 'x509/pass-phrase-wrong');
  for (const phrase of ['hunter22', 'pässword €', 'x'.repeat(200)]) {
    for (const [name, options] of Object.entries(FORMS)) {
      const bytes = await write(phrase, options);
      assert.ok(isPkcs12(bytes), name);
      const { chain, privateKey } = await openPkcs12(bytes, new Secret(phrase));
      assert.deepEqual(
        chain.map(({ subject }) => formatOneline(subject)),
        [grid.user.dn],
        name,
      );
      assert.equal(privateKey.type, 'private');
      if (!options.includes('-nomac'))
        await assert.rejects(openPkcs12(bytes, new Secret('other')), wrong, name);
    }
  }
  const bytes = await write('hunter22', []);
  // Whatever is changed is noticed, and nothing is thrown that is no answer.
  for (let at = 0; at < bytes.length; at += 13) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0x11;
    await assert.rejects(
      openPkcs12(changed, new Secret('hunter22')),
      (error) => isLatchkeyError(error),
      String(at),
    );
  }
  for (const size of [0, 1, 2, 5, 100, bytes.length - 1])
    await assert.rejects(openPkcs12(bytes.subarray(0, size), new Secret('hunter22')), {
      code: 'x509/malformed',
    });
  for (const other of ['', '0', '-----BEGIN CERTIFICATE-----', '\x30\x82\x01\x00\x30'])
    assert.ok(!isPkcs12(Buffer.from(other, 'latin1')));
});
