import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfigVal } from '../../src/credmon/config/config-val.ts';
import { constantValue } from '../../src/credmon/config/constant-expression.ts';
import { readConfig } from '../../src/credmon/config/read-config.ts';
import {
  authorizationOf,
  condorConfig,
  parseMeta,
  parseRequestFile,
  parseTop,
  parseUse,
  readStem,
  settingsFromCondor,
} from '../../src/credmon/index.ts';
import { isLatchkeyError } from '../../src/kit/index.ts';

/** Runs a reader: it gives something or one of our own errors. One that takes for ever makes the run end without a result. */
function tries(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert.ok(isLatchkeyError(error), error instanceof Error ? error.stack : String(error));
  }
}

const FACTS = {
  env: { CONDOR_CONFIG: '/c', HOME: '/h' },
  fullHostName: 'ap.example',
  detected: {},
  userName: 'root',
  isRoot: true,
  home: '/root',
  condorHome: '/var/lib/condor',
  workingDirectory: '/',
};
const SCOPE = { subsystem: 'CREDMON_OAUTH' };

function readAll(text: string): void {
  const files = { read: (path: string) => (path === '/c' ? text : undefined), list: () => undefined };
  const { table, findings } = readConfig(files, FACTS, SCOPE);
  const config = condorConfig({ table, scope: SCOPE, reader: 'latchkey', findings, env: FACTS.env });
  settingsFromCondor(config, { directory: '/creds' }).providerOf('m');
}

const RUNS = { numRuns: 50_000, seed: 20_261_122 };

const CONFIG_PIECES = [
  'X',
  'Y',
  'M_CLIENT_ID',
  'LOCAL_CREDMON_TOKEN_LIFETIME',
  'LOCAL_CREDMON_AUTHZ_TEMPLATE_EXPR',
  'LOCAL_CREDMON_PROVIDER_NAMES',
  ' = ',
  ' += ',
  ' +,= ',
  ' @=t',
  '\n@t\n',
  '\n',
  '\n',
  '\n',
  '\\\n',
  '#',
  '$(',
  '$(X)',
  '$(Y:',
  '$INT(',
  '$SUBSTR(',
  '$CHOICE(',
  '$F',
  '$Fpq(',
  '$ENV(',
  '$$(',
  ')',
  ')',
  ',',
  ':',
  '(',
  '"',
  'if ',
  'elif ',
  'else',
  'endif',
  'defined ',
  'version >= ',
  'include : ',
  'ifexist ',
  'command ',
  'into ',
  '|',
  'use ',
  'FEATURE:OAUTH',
  'error : ',
  'warning : ',
  '1',
  '60',
  '*',
  '-',
  '!',
  'true',
  'strcat(',
  'Username',
  '\r',
  '\0',
  '[',
];

test('HTCondor configuration out of its own pieces', () => {
  const text = fc
    .array(fc.constantFrom(...CONFIG_PIECES), { maxLength: 120 })
    .map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, (config) => tries(() => readAll(config))),
    RUNS,
  );
});

test('what condor_config_val prints, out of its own pieces', () => {
  const piece = fc.constantFrom(
    'A = 1',
    ' # at: /x, line 3',
    ' # raw: A = $(B)',
    '# note',
    '',
    'B =',
    '  more',
    'C @=e',
    '@e',
    ' # raw: ',
    ' # at:',
    '\r',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 60 }), (lines) =>
      tries(() => parseConfigVal(lines.join('\n'))),
    ),
    RUNS,
  );
});

test('long runs of one piece', () => {
  const piece = fc.constantFrom(...CONFIG_PIECES, '$A', '$((', '\\"', '\t ', '= = ', 'X = $(X)$(X)\n');
  const long = fc
    .tuple(piece, piece, fc.integer({ min: 1, max: 3_000 }))
    .map(([one, other, count]) => one.repeat(count) + other.repeat(count));
  fc.assert(
    fc.property(long, (text) => {
      tries(() => readAll(`X = ${text}`));
      tries(() => readAll(text));
      tries(() => constantValue(text.slice(0, 1_000)));
      tries(() => parseRequestFile(text));
      tries(() => parseUse(text));
      tries(() =>
        authorizationOf({ authzTemplate: '', authzTemplateExpression: text.slice(0, 10_000) }, 'alice'),
      );
    }),
    { numRuns: 2_000, seed: 20_261_122 },
  );
});

test('request files out of their own pieces', () => {
  const piece = fc.constantFrom(
    'Provider',
    'LocalUser',
    'Scopes',
    'ClientSecret',
    ' = ',
    '"',
    '\\',
    '\\"',
    '\n',
    '\n\n',
    'alice',
    '../',
    '@',
    ' ',
    '#',
    '3',
    '\r\n',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), (pieces) =>
      tries(() => parseRequestFile(pieces.join(''))),
    ),
    RUNS,
  );
});

test('credential files: any JSON, torn anywhere', () => {
  const name = fc.constantFrom(
    'access_token',
    'refresh_token',
    'expires_in',
    'expires_at',
    'scope',
    'scopes',
    'audience',
    'client_id',
    'token_url',
    '__proto__',
  );
  const text = fc
    .tuple(fc.dictionary(name, fc.jsonValue()), fc.nat(200), fc.boolean())
    .map(([value, cut, pretty]) => JSON.stringify(value, null, pretty ? 2 : 0).slice(0, cut));
  fc.assert(
    fc.property(text, (contents) => {
      tries(() => parseTop(contents));
      tries(() => parseUse(contents));
      tries(() => parseMeta(contents));
    }),
    RUNS,
  );
});

test('names never leave their directory', () => {
  const piece = fc.constantFrom(
    '.',
    '..',
    '/',
    '_',
    '-',
    'a',
    'A',
    '\0',
    '%2e',
    '\\',
    ' ',
    '*',
    '=',
    '+',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, allowSpecialNames) => {
      const stem = readStem(pieces.join(''), { allowSpecialNames });
      if (stem !== undefined) assert.match(pieces.join(''), /^[A-Za-z0-9+=_-][A-Za-z0-9+=_.-]*$/);
    }),
    RUNS,
  );
});
