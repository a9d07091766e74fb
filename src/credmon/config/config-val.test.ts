import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { condorConfig } from './condor-config.ts';
import { parseConfigVal } from './config-val.ts';

/** The first two entries are as HTCondor 25.14.0 printed them one by one; the others are made in their form. */
const PRINTED = `# Configuration from machine: ap.example

LOCAL_CREDMON_PROVIDER_NAMES = scitokens
 # at: /var/lib/condor-test/condor_config, line 44
 # raw: LOCAL_CREDMON_PROVIDER_NAMES = scitokens

CREDMON_OAUTH_LOG = $(LOG)/CredMonOAuthLog
 # at: /var/lib/condor-test/condor_config, line 12, use FEATURE:OAUTH+2
 # raw: CREDMON_OAUTH_LOG = $(LOG)/CredMonOAuthLog

LOG = /var/log/condor
 # at: <Environment>
 # raw: LOG = $(LOCAL_DIR)/log
 # default: $(LOCAL_DIR)/log
LOCAL_DIR = /var
 # at: <Default>
ROUTES @=end
[ a = 1;
  b = 2 ]
@end
 # at: /x, line 3
JOB_ROUTER_DEFAULTS = [ a = 1;
  b = 2 ]
 # at: /x, line 4

EMPTY =${' '}
 # at: /x, line 9
`;

test('names, raw values and where they stand', () => {
  const scope = { subsystem: 'CREDMON_OAUTH' };
  const config = condorConfig({ table: parseConfigVal(PRINTED), scope, reader: 'condor_config_val' });
  assert.deepEqual(config.value('local_credmon_provider_names'), {
    name: 'LOCAL_CREDMON_PROVIDER_NAMES',
    text: 'scitokens',
    raw: 'scitokens',
    origin: { file: '/var/lib/condor-test/condor_config', line: 44 },
  });
  assert.equal(config.text('CREDMON_OAUTH_LOG'), '/var/log/CredMonOAuthLog');
  assert.deepEqual(config.value('CREDMON_OAUTH_LOG')?.origin, {
    file: '/var/lib/condor-test/condor_config',
    line: 12,
  });
  assert.deepEqual(config.value('LOCAL_DIR')?.origin, { file: '<default>' });
  assert.equal(config.text('JOB_ROUTER_DEFAULTS'), '[ a = 1;\n  b = 2 ]');
  assert.equal(config.text('ROUTES'), '[ a = 1;\n  b = 2 ]');
  assert.equal(config.text('EMPTY'), undefined);
  assert.equal(config.isEmpty('EMPTY'), true);
});

test('whatever is printed, it is read without failing', () => {
  const line = fc.constantFrom(
    'A = 1',
    ' # at: /x, line 3',
    ' # raw: A = $(B)',
    '# note',
    '',
    'B =',
    '  more',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
      for (const { raw } of parseConfigVal(lines.join('\n')).values()) assert.equal(typeof raw, 'string');
    }),
    { seed: 4 },
  );
});
