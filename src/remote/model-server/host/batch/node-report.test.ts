import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError, Secret } from '../../../../kit/index.ts';
import { readNodeReport } from './node-report.ts';
import { instructionLine, type NodePlace, reportToken } from './node-script.ts';

const KEY = new Secret('the key of the job');
const told = (place: NodePlace = 'node', address = '10.1.2.3') =>
  instructionLine('3@Models', KEY, place).replace('%NODE%', address);
const report = (more: object) => `${JSON.stringify({ token: reportToken('3@Models', KEY), ...more })}\n`;
const read = (text: string, place: NodePlace = 'node') => readNodeReport(text, '3@Models', KEY, place);
const refused = (text: string, words: RegExp, place?: NodePlace) =>
  assert.throws(
    () => read(text, place),
    (error) => isLatchkeyError(error, 'remote/start-failed') && words.test(error.message),
  );

test('a report is behind what the node was told, at the address that the node put in', () => {
  assert.deepEqual(read(told() + report({ uri: 'PYRO:model@10.1.2.3:4000' })), {
    uri: 'PYRO:model@10.1.2.3:4000',
    port: 4000,
    protection: 'hmac',
  });
  const six = told('node', 'fd00::2') + report({ uri: 'PYRO:model@[fd00::2]:4000', protection: 'token' });
  assert.deepEqual(read(six), { uri: 'PYRO:model@[fd00::2]:4000', port: 4000, protection: 'token' });
});

test('what is not whole is no report yet', () => {
  const whole = told() + report({ uri: 'PYRO:model@10.1.2.3:4000' });
  for (let length = 0; length < whole.length; length += 1)
    assert.equal(read(whole.slice(0, length)), undefined);
  refused(`${told()}${'x'.repeat(40_000)}`, /without end/);
});

test('a forged report is refused: another token, another place, a node without an address', () => {
  refused(
    `${told()}${JSON.stringify({ token: 'guessed', uri: 'PYRO:model@10.1.2.3:4000' })}\n`,
    /without the token/,
  );
  const other = reportToken('4@Models', KEY);
  refused(
    `${told()}${JSON.stringify({ token: other, uri: 'PYRO:model@10.1.2.3:4000' })}\n`,
    /without the token/,
  );
  refused(told() + report({ uri: 'PYRO:model@192.0.2.1:4000' }), /192\.0\.2\.1:4000" instead of/);
  refused(told() + report({ uri: 'PYRO:model@./u:/tmp/s' }), /instead of/);
  refused(told('node', 'node7') + report({ uri: 'PYRO:model@node7:4000' }), /whose address is "node7"/);
  refused(`not JSON\n${report({ uri: 'PYRO:model@10.1.2.3:4000' })}`, /whose address is/);
});

test('where the server itself says the place, the file cannot name another', () => {
  const place = { unix: '/home/jane/models/jobs/3/s' };
  assert.equal(read(told(place) + report({ uri: `PYRO:model@./u:${place.unix}` }), place)?.port, 0);
  refused(
    told({ unix: '/tmp/s' }) + report({ uri: 'PYRO:model@./u:/tmp/s' }),
    /instead of its own socket/,
    place,
  );
});

test("a model's own reason is told", () => {
  refused(told() + report({ error: 'no licence' }), /could not start: "no licence"/);
});
