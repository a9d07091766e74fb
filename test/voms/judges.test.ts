import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import {
  attributeCertificatesOf,
  loadVomsDirectory,
  parseAttributeCertificate,
  validateAttributeCertificates,
} from '../../src/voms/index.ts';
import {
  formatCertificates,
  keySigner,
  loadTrustDirectory,
  parseCertificates,
} from '../../src/x509/index.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { makeVomsLab, type VomsLab } from '../support/voms-lab.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

// Attributes by voms-proxy-fake and by our authority, verified by the C library, the Java library and ours: the same verdicts.

const PEERS = ['openssl', 'voms-proxy-fake', 'voms-proxy-info2', 'gcc'];
const JAVA_PEERS = ['javac', 'java'];
const JARS = ['voms-api-java', 'canl', 'bcpkix', 'bcprov', 'bcutil', 'commons-io'].map(
  (jar) => `/usr/share/java/${jar}.jar`,
);
const PRODUCTION = '/testvo/analysis/Role=production/Capability=NULL';

interface Case {
  readonly name: string;
  readonly proxy: string;
  readonly vomsDirectory: string;
  readonly isGood: boolean;
  /** What our first finding is; undefined for good ones. */
  readonly finding?: string;
  /** The Java library says otherwise, and why. */
  readonly java?: { readonly isGood: boolean; readonly why: string };
}

let lab: VomsLab;
const cases: Case[] = [];

before(async (context) => {
  if (PEERS.some((peer) => findProgram(peer) === undefined)) return;
  lab = await makeVomsLab(workspace(context as TestContext));
  const { grid, robot, vomsDirectory } = lab;
  /** A VOMS directory with these files for testvo. */
  const directory = (name: string, files: Readonly<Record<string, string>>): string => {
    const path = join(lab.directory, `vomsdir-${name}`);
    mkdirSync(join(path, 'testvo'), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, 'testvo', file), text);
    return path;
  };
  const add = async (
    name: string,
    proxy: Promise<string> | string,
    more: Partial<Pick<Case, 'finding' | 'vomsDirectory' | 'java'>> = {},
  ): Promise<void> => {
    cases.push({ vomsDirectory, ...more, name, proxy: await proxy, isGood: more.finding === undefined });
  };
  const fqans = ['-fqan', '/testvo/Role=NULL/Capability=NULL', '-fqan', PRODUCTION];
  const good = await lab.fake('good', ...fqans, '-ga', 'nick=jane (testvo)');
  await add('by voms-proxy-fake', good);
  const java = { isGood: false, why: 'it wants the subject of the holder where RFC 5755 has the issuer' };
  await add('by voms-proxy-fake -newformat', lab.fake('newformat', ...fqans, '-newformat'), { java });
  const own = await lab.attributes({
    genericAttributes: [{ name: 'nick', value: 'jane', qualifier: 'testvo' }],
  });
  await add('by our authority', lab.dressed('own', [own]));
  const byIssuer = await lab.attributes({ holderName: 'issuer' });
  await add('by our authority, as RFC 5755 has it', lab.dressed('own-issuer', [byIssuer]), { java });
  await add('two of them', lab.dressed('two', [own, await lab.attributes({ fqans: ['/testvo'] })]));

  const past = ['-pastac', '10:00', '-vomslife', '1'];
  await add('expired', lab.fake('expired', ...fqans, ...past), { finding: 'ac/expired' });
  const late = new Date(Date.now() + 3_600_000);
  const later = await lab.attributes({ notBefore: late });
  await add('not yet valid', lab.dressed('later', [later]), { finding: 'ac/not-yet-valid' });
  const [stolen] = attributeCertificatesOf(parseCertificates(readFileSync(good, 'utf8')));
  assert.ok(stolen?.certificate);
  const thief = lab.dressed('stolen', [stolen.certificate], robot);
  await add('wrong holder', thief, { finding: 'ac/holder-mismatch' });
  const impostor = await lab.attributes({ issuer: robot.chain, signer: keySigner(robot.privateKey) });
  await add('wrong server', lab.dressed('impostor', [impostor]), { finding: 'ac/lsc-mismatch' });
  const der = Buffer.from(stolen.certificate.der);
  der.write('Production', der.indexOf('production'));
  const changed = lab.dressed('changed', [parseAttributeCertificate(der)]);
  await add('tampered', changed, { finding: 'ac/signature-invalid' });
  const forged = await lab.attributes({ signer: keySigner(robot.privateKey) });
  await add("signed by somebody else's key", lab.dressed('forged', [forged]), {
    finding: 'ac/signature-invalid',
  });

  const [subject, issuer] = [grid.host.dn, grid.ca.dn];
  await add('wrong LSC order', good, {
    finding: 'ac/lsc-mismatch',
    vomsDirectory: directory('order', { 'localhost.lsc': `${issuer}\n${subject}\n` }),
  });
  await add('the second chain of an LSC file', good, {
    vomsDirectory: directory('second', {
      'localhost.lsc': `/CN=old\n${issuer}\n------ NEXT CHAIN ------\n${subject}\n${issuer}\n`,
    }),
    java: { isGood: false, why: 'it reads one chain only' },
  });
  await add('an LSC file for another host', good, {
    finding: 'ac/server-unknown',
    vomsDirectory: directory('host', { 'other.example.lsc': `${subject}\n${issuer}\n` }),
  });
  await add("the server's certificate instead of an LSC file", good, {
    vomsDirectory: directory('certificate', { 'host.pem': readFileSync(grid.host.certificate, 'utf8') }),
  });
  await add(
    'a critical extension that is not known',
    lab.fake('critical', ...fqans, '-acextension', '1.2.3.4/true:x'),
    {
      finding: 'ac/extension-critical',
    },
  );
});

async function verdictsOf(program: string, ...args: string[]): Promise<string[]> {
  const pairs = cases.flatMap(({ proxy, vomsDirectory }) => [`${proxy}.certificates`, vomsDirectory]);
  for (const { proxy } of cases)
    writeFileSync(
      `${proxy}.certificates`,
      formatCertificates(parseCertificates(readFileSync(proxy, 'utf8'))),
    );
  const run = await runProgram(program, [...args, lab.grid.trustDirectory, ...pairs], { env: lab.env });
  assert.equal(run.code, 0, `${run.stdout}${run.stderr}`);
  return run.stdout.toString().trim().split('\n');
}

test('our verdicts, and the reason of each', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  const trust = await loadTrustDirectory(lab.grid.trustDirectory);
  for (const { name, proxy, vomsDirectory, isGood, finding } of cases) {
    const reports = validateAttributeCertificates(parseCertificates(readFileSync(proxy, 'utf8')), {
      trust,
      vomsDirectory: await loadVomsDirectory(vomsDirectory),
      now: new Date(),
    });
    assert.ok(reports.length > 0, name);
    assert.equal(
      reports.every(({ ok }) => ok),
      isGood,
      `${name}: ${JSON.stringify(reports[0]?.findings)}`,
    );
    assert.equal(reports[0]?.findings[0]?.code, finding, name);
  }
});

test('the C library says the same', async (t) => {
  if (!havePeers(t, ...PEERS)) return;
  if (!existsSync('/usr/include/voms/voms_apic.h')) return t.skip('needs voms-dev: scripts/install-peers');
  const program = join(lab.directory, 'verify');
  const source = join(repositoryRoot, 'test/voms/judges/verify.c');
  const built = await runProgram('gcc', ['-w', '-o', program, source, '-lvomsapi', '-lcrypto'], {
    env: lab.env,
  });
  assert.equal(built.code, 0, built.stderr.toString());
  const verdicts = await verdictsOf(program);
  assert.equal(verdicts.length, cases.length);
  for (const [index, { name, isGood }] of cases.entries())
    assert.match(verdicts[index] ?? '', isGood ? /^true \/testvo/ : /^false/, `${name}: ${verdicts[index]}`);
});

test('the Java library says the same, but for what it does not know', async (t) => {
  if (!havePeers(t, ...PEERS, ...JAVA_PEERS)) return;
  if (!JARS.every((jar) => existsSync(jar)))
    return t.skip('needs libvoms-api-java-java: scripts/install-peers');
  const classes = join(lab.directory, 'classes');
  const source = join(lab.directory, 'Verify.java');
  cpSync(join(repositoryRoot, 'test/voms/judges/Verify.java'), source);
  const classPath = `${JARS.join(':')}:${classes}`;
  const args = ['-nowarn', '-cp', classPath, '-d', classes, source];
  const built = await runProgram('javac', args, { env: lab.env, timeoutMs: 120_000 });
  assert.equal(built.code, 0, built.stderr.toString());
  const verdicts = await verdictsOf('java', '-cp', classPath, 'Verify');
  assert.equal(verdicts.length, cases.length);
  for (const [index, { name, isGood, java }] of cases.entries()) {
    const expected = java?.isGood ?? isGood;
    assert.match(
      verdicts[index] ?? '',
      expected ? /^true \/testvo/ : /^false/,
      `${name}: ${verdicts[index]}`,
    );
  }
});

test('voms-proxy-info (C++ and Java) and arcproxy read what voms-proxy-fake and our authority made', async (t) => {
  if (!havePeers(t, ...PEERS, 'voms-proxy-info3', 'arcproxy')) return;
  for (const { name, proxy, java } of cases.filter(({ name: which }) => /^by /.test(which))) {
    for (const program of ['voms-proxy-info2', 'voms-proxy-info3']) {
      const run = await runProgram(program, ['-file', proxy, '-all'], { env: lab.env, timeoutMs: 60_000 });
      const text = run.stdout.toString();
      assert.equal(run.code, 0, `${name}: ${program}: ${text}${run.stderr}`);
      for (const line of [
        /^VO {8}: testvo$/m,
        /^issuer {4}: .*localhost/m,
        /^attribute : \/testvo\/analysis\/Role=production/m,
        /^uri {7}: localhost:15000$/m,
      ])
        assert.match(text, line, `${name}: ${program}`);
    }
    rmSync(join(lab.directory, '.arc'), { recursive: true, force: true });
    const options = [`--vomsdir=${lab.vomsDirectory}`, `--cadir=${lab.grid.trustDirectory}`];
    const arc = await runProgram('arcproxy', ['-I', '-P', proxy, ...options], { env: lab.env });
    const text = `${arc.stdout}${arc.stderr}`;
    if (java === undefined) {
      assert.match(text, /\/testvo\/analysis\/Role=production/, `${name}: arcproxy: ${text}`);
      assert.doesNotMatch(text, /error|fail|expired/i, `${name}: arcproxy`);
    } else assert.match(text, /the holder name in AC is not related/, `${name}: arcproxy`);
  }
});
