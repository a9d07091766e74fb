import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Report } from '../../src/cli/commands/command.ts';
import { credmonConfig } from '../../src/cli/commands/credmon-config.ts';
import { Given } from '../../src/cli/commands/given.ts';
import { processContext } from '../../src/cli/kit/process-context.ts';
import { workspace } from '../support/workspace.ts';

async function show(t: TestContext, name: string, text: string): Promise<Report> {
  const directory = workspace(t);
  const file = join(directory, name);
  writeFileSync(file, text.replaceAll('@@', directory));
  const context = { ...processContext('latchkey'), env: { PATH: '/nowhere' } };
  const given = new Given([], new Map([['config', file]]));
  return await credmonConfig({ given, context, json: false, note: () => {} });
}

test('what is set, where, what it makes, what is doubtful', async (t) => {
  const { lines, exitCode } = await show(
    t,
    'condor_config',
    'LOG = @@\nuse feature:OAUTH\nLOCAL_CREDMON_TOKEN_AUDIENCE = https://a.example\nLOCAL_CREDMON_ISSUER = https://i.example\nSCHEDD_NAME = x\n',
  );
  const text = lines.join('\n');
  assert.match(text, /^LOCAL_CREDMON_TOKEN_AUDIENCE = https:\/\/a\.example +# .*condor_config, line 3$/m);
  assert.match(
    text,
    /^SEC_CREDENTIAL_DIRECTORY_OAUTH = \/var\/lib\/condor\/oauth_credentials +# use FEATURE:OAUTH, line 1$/m,
  );
  assert.match(text, /^scitokens +signed here for https:\/\/i\.example, 1200 s, ES256 key local$/m);
  assert.doesNotMatch(text, /SCHEDD_NAME/);
  assert.match(text, /^0 errors/m);
  assert.equal(exitCode, 0);
});

test('an error makes exit code 6, a latchkey.toml is shown as well', async (t) => {
  const { lines, exitCode, json } = await show(
    t,
    'latchkey.toml',
    '[credmon]\ndirectory = "/creds"\n[credmon.local.scitokens]\n',
  );
  assert.match(lines.join('\n'), /^error: scitokens: tokens of version scitoken:2\.0 need an audience/m);
  assert.equal(exitCode, 6);
  assert.doesNotThrow(() => JSON.stringify(json));
});
