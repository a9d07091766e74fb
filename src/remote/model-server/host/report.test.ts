import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../../../kit/index.ts';
import { type Instruction, type ModelPlace, readReport } from './report.ts';

const instruction = (listen: ModelPlace): Instruction => ({
  version: 1,
  job: '1@Models',
  token: 'once',
  key: 'k',
  listen,
});
const TCP = instruction({ host: '127.0.0.1', port: 0 });
const read = (report: unknown, told = TCP) => readReport(JSON.stringify(report), told);
const refused = (report: unknown, told: Instruction, words: RegExp) =>
  assert.throws(
    () => read(report, told),
    (error) => isLatchkeyError(error, 'remote/start-failed') && words.test(error.message),
  );

test('a report names the place the job was told to listen on', () => {
  assert.deepEqual(read({ token: 'once', uri: 'PYRO:model@127.0.0.1:4000' }), {
    uri: 'PYRO:model@127.0.0.1:4000',
    port: 4000,
    protection: 'hmac',
  });
  const unix = instruction({ unix: '/run/x/model.sock' });
  assert.equal(read({ token: 'once', uri: 'PYRO:model@./u:/run/x/model.sock' }, unix).port, 0);
  const six = instruction({ host: '::1', port: 4000 });
  assert.equal(read({ token: 'once', uri: 'PYRO:model@[::1]:4000' }, six).port, 4000);
});

test('a forged report is refused: no token, another token, another place', () => {
  refused({ uri: 'PYRO:model@127.0.0.1:4000' }, TCP, /without the token/);
  refused({ token: 'twice', uri: 'PYRO:model@127.0.0.1:4000' }, TCP, /without the token/);
  refused({ token: 'once', uri: 'PYRO:model@192.0.2.1:4000' }, TCP, /192\.0\.2\.1:4000" instead of/);
  refused({ token: 'once', uri: 'PYRO:model@localhost:4000' }, TCP, /instead of "127\.0\.0\.1"/);
  refused(
    { token: 'once', uri: 'PYRO:model@127.0.0.1:4001' },
    instruction({ host: '127.0.0.1', port: 4000 }),
    /port 4001 instead of 4000/,
  );
  refused(
    { token: 'once', uri: 'PYRO:model@./u:/tmp/other' },
    instruction({ unix: '/run/x/model.sock' }),
    /instead of its own socket/,
  );
  refused({ token: 'once', uri: 'http://127.0.0.1:4000' }, TCP, /no address/);
  refused({ token: 'once', uri: 'PYRO:model@127.0.0.1:0' }, TCP, /instead of/);
  refused({ token: 'once', uri: 'PYRO:model@127.0.0.1:99999' }, TCP, /instead of/);
  refused({ token: 'once' }, TCP, /no address/);
  refused([], TCP, /without the token/);
  refused(7, TCP, /no object/);
  assert.throws(() => readReport('PYRO:model@127.0.0.1:4000', TCP), /not JSON/);
});

test("a job's own reason is told", () => {
  refused({ token: 'once', error: 'no licence' }, TCP, /could not start: "no licence"/);
});

test('an address with what no address has is refused: every client is told it', () => {
  const told = { version: 1, job: '1@M', token: 't', key: 'k', listen: { unix: '/s' } } as const;
  for (const object of ['m\u001b[2J', 'm\ud800'])
    assert.throws(
      () => readReport(JSON.stringify({ token: 't', uri: `PYRO:${object}@./u:/s` }), told),
      /characters that no address has/,
    );
  assert.equal(readReport(JSON.stringify({ token: 't', uri: 'PYRO:m@./u:/s' }), told).uri, 'PYRO:m@./u:/s');
});
