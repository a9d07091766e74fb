import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatVomsesLine, parseVomses, serversOf } from './vomses.ts';

const LINE = '"atlas" "voms.cern.ch" "15001" "/DC=ch/DC=cern/CN=voms.cern.ch" "atlas" "24"';
const ATLAS = {
  alias: 'atlas',
  host: 'voms.cern.ch',
  port: 15001,
  dn: '/DC=ch/DC=cern/CN=voms.cern.ch',
  vo: 'atlas',
};

test('a line of a vomses file is a server; comments, blank lines and further words say nothing', () => {
  assert.deepEqual(parseVomses(`# servers\n\n${LINE}\r\n`), { servers: [ATLAS], findings: [] });
});

test('words may stand without quotes, and with escapes in them; what is written is read back', () => {
  const [bare] = parseVomses('atlas voms.cern.ch 15001 /DC=ch/DC=cern/CN=voms.cern.ch atlas').servers;
  assert.deepEqual(bare, ATLAS);
  const odd = { ...ATLAS, alias: 'my "atlas"', dn: '/CN=back\\slash' };
  assert.deepEqual(parseVomses(formatVomsesLine(odd)).servers, [odd]);
});

test('each bad line is told with its number and reason, and hides none of the others', () => {
  const bad = [
    '"atlas" "voms.cern.ch" "15001" "/CN=x"',
    '"atlas" "voms.cern.ch" "99999" "/CN=x" "atlas"',
    '"atlas" "bad host" "15001" "/CN=x" "atlas"',
    '"atlas" "h" "15001" "CN=x" "atlas"',
    '"atlas" "h" "15001" "/CN=x" "at/las"',
    '"atlas "h" "15001" "/CN=x"',
    `"${'a'.repeat(5000)}" "h" "1" "/CN=x" "v"`,
  ];
  const { servers, findings } = parseVomses([...bad, LINE].join('\n'), '/etc/vomses');
  assert.deepEqual(servers, [{ ...ATLAS, source: '/etc/vomses' }]);
  assert.deepEqual(
    findings.map(({ index }) => index),
    [1, 2, 3, 4, 5, 6, 7],
  );
  assert.match(findings[0]?.message ?? '', /^line 1 of "\/etc\/vomses": 4 words where/);
  assert.match(findings[1]?.message ?? '', /"99999" is no port/);
});

test('a file without end is read up to a limit, and that is told', () => {
  const { servers, findings } = parseVomses(`${LINE}\n`.repeat(10_050));
  assert.equal(servers.length, 10_000);
  assert.match(findings[0]?.message ?? '', /from line 10001, is not read/);
  assert.ok(parseVomses('x\n'.repeat(5_000)).findings.length <= 101);
});

test('an organisation is found by alias first, then by its name', () => {
  const second = { ...ATLAS, alias: 'old', host: 'voms2.cern.ch' };
  assert.deepEqual(serversOf([ATLAS, second], 'old'), [second]);
  assert.deepEqual(serversOf([ATLAS, second], 'atlas'), [ATLAS]);
  assert.deepEqual(serversOf([second], 'atlas'), [second]);
  assert.deepEqual(serversOf([ATLAS], 'cms'), []);
});
