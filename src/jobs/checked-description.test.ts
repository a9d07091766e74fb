import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { checkDescription } from './checked-description.ts';
import { checkCredentials, credentialVariables } from './credential-files.ts';

test("SAGA's spelling is read as ours, with its units", () => {
  const checked = checkDescription(
    {
      Executable: '/bin/true',
      WallTimeLimit: 90,
      TotalPhysicalMemory: 512,
      total_cpu_count: 4,
      SPMDVariation: 'MPI',
      Environment: ['A=1 2', 'B='],
      FileTransfer: ['a > b'],
    },
    'slurm',
  );
  assert.deepEqual(checked, {
    executable: '/bin/true',
    wallTimeMinutes: 90,
    totalPhysicalMemory: 512,
    totalCpuCount: 4,
    spmdVariation: 'MPI',
    environment: { A: '1 2', B: '' },
    transfers: [{ local: 'a', remote: 'b', direction: 'in', append: false }],
  });
});

test('a wall time is minutes or a span, rounded up', () => {
  const minutes = (wallTimeLimit: number | string) =>
    checkDescription({ executable: 'x', wallTimeLimit }, 'slurm').wallTimeMinutes;
  assert.equal(minutes('2h'), 120);
  assert.equal(minutes('1h30m'), 90);
  assert.equal(minutes('90s'), 2);
  assert.equal(minutes('15'), 15);
  assert.equal(minutes(0.5), 1);
  for (const bad of ['2 hours', '-1', 0, Number.NaN, '']) assert.throws(() => minutes(bad), /is no time/);
});

test('a working directory may begin with "~", and is then that of the login directory', () => {
  const directory = (workingDirectory: string) =>
    checkDescription({ executable: 'x', workingDirectory }, 'slurm').workingDirectory;
  assert.equal(directory('~'), '.');
  assert.equal(directory('~/a b'), './a b');
  for (const plain of ['a/~', '~a', '/x', './~/x']) assert.equal(directory(plain), plain);
});

test('an unknown attribute names the nearest one, an unsupported one names the adaptor', () => {
  assert.throws(
    () => checkDescription({ executable: 'x', walltimelimt: 1 }, 'slurm'),
    (error) => isLatchkeyError(error, 'jobs/description') && error.hint === 'did you mean "wallTimeLimit"?',
  );
  assert.throws(
    () => checkDescription({ executable: 'x', queue: 'q' }, 'local', ['queue']),
    (error) =>
      isLatchkeyError(error, 'jobs/unsupported') &&
      error.details.adaptor === 'local' &&
      error.details.attribute === 'queue',
  );
  assert.throws(
    () => checkDescription({ executable: 'x', Interactive: true }, 'slurm'),
    (error) => isLatchkeyError(error, 'jobs/unsupported'),
  );
});

test('no value can become a line of the submission script', () => {
  const bad = 'x\n#SBATCH --uid=0';
  for (const name of ['queue', 'project', 'name', 'spmdVariation']) {
    assert.throws(() => checkDescription({ executable: 'x', [name]: bad }, 'slurm'), /line break/, name);
  }
  for (const name of ['candidateHosts', 'jobContact', 'directives']) {
    assert.throws(() => checkDescription({ executable: 'x', [name]: [bad] }, 'slurm'), /line break/, name);
  }
  assert.doesNotThrow(() =>
    checkDescription({ executable: 'x', arguments: ['a\nb'], environment: { A: 'a\nb' } }, 'slurm'),
  );
});

test('wrong kinds of values are told, not turned into others', () => {
  const wrong = (more: object, message: RegExp) =>
    assert.throws(() => checkDescription({ executable: 'x', ...more }, 'slurm'), message);
  wrong({ arguments: 'a b' }, /must be a list/);
  wrong({ totalCpuCount: 1.5 }, /whole number/);
  wrong({ arguments: ['a\0b'] }, /NUL/);
  wrong({ environment: { 'A-B': '1' } }, /no name of a variable/);
  wrong({ Queue: 'a', queue: 'b' }, /twice/);
  wrong({ stageOut: 'never' }, /always or done/);
  assert.throws(() => checkDescription({ arguments: [] }, 'slurm'), /"executable" is missing/);
});

test('credentials have places of their own and stay in them', () => {
  const source = { authority: 'local', isLocal: true, obtain: async () => assert.fail() };
  assert.deepEqual(
    credentialVariables([
      { as: 'x509-proxy' },
      { as: 'bearer-token' },
      { as: { condor: 'a' } },
      { as: { condor: 'b' } },
    ]),
    [
      ['X509_USER_PROXY', 'credentials/x509-proxy'],
      ['BEARER_TOKEN_FILE', 'credentials/bearer-token'],
      ['_CONDOR_CREDS', 'credentials/condor'],
    ],
  );
  // As JSON may have them.
  const wrong = (value: unknown, message: RegExp) =>
    assert.throws(
      () => checkCredentials(value as never),
      (error) => isLatchkeyError(error, 'jobs/description') && message.test(error.message),
    );
  for (const value of ['abc', { as: 'x509-proxy' }, 1]) wrong(value, /must be a list/);
  for (const value of [null, 'x', {}, { as: 'x509-proxy', source: '/tmp/x' }]) wrong([value], /no source/);
  for (const as of [null, 1, { condor: 5.5, x: 1 }, undefined])
    wrong([{ source, as }], /cannot be delivered/);
  assert.throws(() => checkCredentials([{ source, as: { condor: '../x' } }]), /cannot be delivered/);
  assert.throws(
    () =>
      checkCredentials([
        { source, as: 'x509-proxy' },
        { source, as: 'x509-proxy' },
      ]),
    /two credentials/,
  );
});
