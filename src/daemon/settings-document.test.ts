import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatchkeyError } from '../kit/index.ts';
import { parseSettings } from './settings-document.ts';

function refused(text: string): LatchkeyError {
  try {
    parseSettings(text, 'latchkey.toml');
  } catch (error) {
    if (error instanceof LatchkeyError) return error;
    throw error;
  }
  return assert.fail(`was accepted: ${text}`);
}

test('every section is optional, and what is said is kept', () => {
  assert.deepEqual(parseSettings('', 'latchkey.toml'), {});
  const document = parseSettings(
    '[server]\nport = 0\n[policy]\nauthorized_retrievers = ["*"]\n',
    'latchkey.toml',
  );
  assert.deepEqual(document, { server: { port: 0 }, policy: { authorized_retrievers: ['*'] } });
});

test('an unknown key or section is refused with the nearest known name', () => {
  assert.match(
    refused('[policy]\nauthorised_retrievers = ["*"]\n').message,
    /unknown key "policy\.authorised_retrievers": did you mean authorized_retrievers\?/,
  );
  assert.match(refused('[sever]\nport = 1\n').message, /unknown section "sever": did you mean server\?/);
  assert.match(refused('[audit]\nxyzzy = 1\n').message, /unknown key "audit\.xyzzy": known are file/);
});

test('all findings are told at once, with their keys', () => {
  const { message, code } = refused(
    '[server]\nport = "7512"\n[limits]\nmax_connections = 0\nrequest_timeout = 1.5\n',
  );
  assert.equal(code, 'config/invalid');
  for (const expected of ['server.port', 'limits.max_connections', 'limits.request_timeout']) {
    assert.ok(message.includes(expected), message);
  }
});

test('what is not TOML is refused with its line', () => {
  const { code, message } = refused('[server]\nport 7512\n');
  assert.equal(code, 'config/malformed');
  assert.match(message, /latchkey\.toml, line 2/);
});

test('the switch that weakens limited proxies says so by its name', () => {
  assert.match(refused('[policy]\nignore_limited_proxies = true\n').message, /unknown key/);
  parseSettings('[policy]\ndangerously_ignore_limited_proxies = true\n', 'latchkey.toml');
});
