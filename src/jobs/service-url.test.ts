import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { formatJobId, parseJobId } from './job-id.ts';
import { parseServiceUrl } from './service-url.ts';

const refused = (text: string, message: RegExp, hint?: RegExp) =>
  assert.throws(
    () => parseServiceUrl(text),
    (error) => {
      assert.ok(isLatchkeyError(error, 'jobs/url'));
      assert.match(error.message, message);
      if (hint !== undefined) assert.match(error.hint ?? '', hint);
      return true;
    },
  );

test('every scheme alone, over ssh and over gsissh', () => {
  assert.deepEqual(
    { ...parseServiceUrl('slurm+ssh://alice@Login.Example.org:2222/?queue=debug&project=p1') },
    {
      via: 'ssh',
      batch: 'slurm',
      host: 'login.example.org',
      port: 2222,
      user: 'alice',
      password: undefined,
      queue: 'debug',
      project: 'p1',
      text: 'slurm+ssh://alice@login.example.org:2222',
    },
  );
  assert.equal(parseServiceUrl('fork://').text, 'local://localhost');
  assert.equal(parseServiceUrl('pbs://localhost').via, 'local');
  assert.equal(parseServiceUrl('lsf+gsissh://h').via, 'gsissh');
  assert.equal(parseServiceUrl('ssh://[::2]:22').host, '::2');
  assert.equal(parseServiceUrl('ssh://h:21').port, 21);
});

test('a percent sign that is no escape is told, without what stands around it', () => {
  for (const text of ['ssh://u%zz@h', 'ssh://u:s3cr3t%zz@h', 'ssh://u:%ff@h'])
    refused(text, /^"ssh:\/\/…" has a user or password with a "%" that is no escape$/, /%25/);
});

test('what ssh would read as an option or a shell as a command is no host; a password is not shown', () => {
  refused('ssh://-oProxyCommand=x', /is no host name/);
  refused('slurm+ssh://-l@h', /is no login name/);
  refused('ssh://h:0', /a port is 1 to 65535/);
  for (const text of ['u:s3c/r3t@host', 'u:s3c@r3t@host', 'u:s3c:r3t@host'])
    refused(text, /^"u:…@host" is no address/);
});

test('fork://otherhost is refused, where SAGA runs the job here without a word', () => {
  refused('fork://otherhost/', /runs on this machine, and "otherhost" is another/, /ssh:\/\/otherhost/);
  refused('slurm://login.example.org', /is another/, /slurm\+ssh:\/\/login/);
});

test('what is no address says what would be one', () => {
  refused('localhost', /is no address/);
  refused('slrum://h', /no job service/, /did you mean "slurm:\/\/"/);
  refused('ssh://', /needs a host/);
  refused('slurm+ssh://h?quue=x', /knows no option "quue"/, /did you mean "queue"/);
  refused('ssh://h/scratch', /has a path/, /workingDirectory/);
  refused('local:///scratch', /has a path/, /workingDirectory/);
  refused('ssh://h:99999', /no valid host, port or user/);
});

test('a password is in no id, no text and no error', () => {
  const url = parseServiceUrl('ssh://alice:s3cret@host/');
  assert.equal(url.password, 's3cret');
  assert.equal(formatJobId({ service: url.text, native: '4.7' }), '[ssh://alice@host]-[4.7]');
  for (const text of ['shs://alice:s3cret@host', 'ssh://alice:s3cret@ho st', 'ssh:/alice:s3cret@host']) {
    assert.throws(
      () => parseServiceUrl(text),
      (error: Error) => !error.message.includes('s3cret'),
    );
  }
});

test('ids are read back, phantoms are none', () => {
  const id = parseJobId('[slurm+ssh://alice:s3cret@host/?queue=x]-[4711]');
  assert.deepEqual(id, { service: 'slurm+ssh://alice@host', native: '4711' });
  assert.equal(parseJobId('[ssh://[::2]]-[ab-1]').native, 'ab-1');
  for (const text of ['[slurm://localhost]-[]', '4711', '']) {
    assert.throws(
      () => parseJobId(text),
      (error) => isLatchkeyError(error, 'jobs/not-found'),
    );
  }
});
