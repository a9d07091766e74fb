import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryVomsDirectory, validateAttributeCertificates } from '../../src/voms/index.ts';
import { formatOneline, memoryTrustStore, parseCertificates } from '../../src/x509/index.ts';
import { repositoryRoot } from '../support/workspace.ts';

// What voms-proxy-fake made and voms-proxy-info said: see test/vectors/voms/README.md.

const directory = join(repositoryRoot, 'test/vectors/voms');
const read = (file: string) => readFileSync(join(directory, file), 'utf8');
const authorities = parseCertificates(read('ca.txt'));
const trust = memoryTrustStore({
  authorities,
  signingPolicies: [{ authority: '/O=Grid/OU=Test/CN=Vector CA', subjects: ['*'] }],
});
const vomsDirectory = memoryVomsDirectory({
  lscFiles: { 'testvo/localhost.lsc': '/O=Grid/OU=Test/CN=localhost\n/O=Grid/OU=Test/CN=Vector CA\n' },
});
const FINDINGS: Readonly<Record<string, string>> = {
  'expired.txt': 'ac/expired',
  'critical.txt': 'ac/extension-critical',
};
const files = readdirSync(directory).filter(
  (file) => file.endsWith('.txt') && !/^(?:ca|made-with)\./.test(file),
);

test('there are vectors, good ones and bad ones', () => {
  assert.ok(files.length >= 7);
  for (const file of Object.keys(FINDINGS)) assert.ok(files.includes(file), file);
});

for (const file of files) {
  test(`the attributes of ${file} read and verify as when they were made`, () => {
    const text = read(file);
    const says = text.slice(0, text.indexOf('-----BEGIN')).split('\n');
    const now = new Date(says.find((line) => line.startsWith('now: '))?.slice(5) ?? '');
    const chain = parseCertificates(text);
    const [report, ...others] = validateAttributeCertificates(chain, { trust, vomsDirectory, now });
    assert.equal(others.length, 0);
    const { certificate, findings } = report ?? assert.fail('nothing was read');
    assert.equal(findings[0]?.code, FINDINGS[file], JSON.stringify(findings));
    assert.ok(certificate);
    // The C++ tool prints nothing of attributes with a critical extension that it does not know.
    if (says.length === 3) return;
    assert.deepEqual(
      [
        `VO        : ${certificate.vo}`,
        `subject   : ${formatOneline(chain[1]?.subject ?? assert.fail('a proxy alone'))}`,
        `issuer    : ${formatOneline(certificate.issuer)}`,
        ...certificate.fqans.map((fqan) => `attribute : ${fqan}`),
        ...certificate.genericAttributes.map(
          ({ name, value, qualifier }) => `attribute : ${name} = ${value} (${qualifier})`,
        ),
        `uri       : ${certificate.host}:${certificate.port}`,
      ],
      says.slice(2, -1),
    );
  });
}
