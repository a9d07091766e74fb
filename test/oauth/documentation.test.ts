import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { buildExample, examplesOf } from '../support/page-examples.ts';
import { repositoryRoot, workspace } from '../support/workspace.ts';

let server: AuthorizationServer;
before(async () => {
  server = await startAuthorizationServer();
});
after(() => server.close());

const [clientCredentials = '', browser = '', device = '', ...others] = examplesOf('docs/oauth.md');

/** Starts a program of the page with the test server in the place of the one it names. */
async function start(t: TestContext, example: string) {
  const directory = workspace(t);
  writeFileSync(join(directory, 'ca.pem'), server.ca);
  writeFileSync(join(directory, 'client.secret'), `${server.clientSecret('post')}\n`);
  const program = await buildExample(
    example.replaceAll('https://login.example.org', server.issuer),
    directory,
  );
  const child = spawn(process.execPath, [program], { cwd: directory, timeout: 60_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const closed = once(child, 'close');
  return {
    /** What the pattern's group found in the output, as soon as it is there. */
    said: async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const found = pattern.exec(output)?.[1];
        if (found !== undefined) return found;
        if (child.exitCode !== null) assert.fail(output);
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
    },
    say: (line: string) => child.stdin.write(`${line}\n`),
    end: async (): Promise<string> => {
      const [code] = await closed;
      assert.equal(code, 0, output);
      return output;
    },
  };
}

test('docs/oauth.md has the three programs that are run here', () => {
  assert.equal(others.length, 0);
  assert.ok(device.length > 0);
});

test('docs/oauth.md: client credentials', async (t) => {
  const program = await start(t, clientCredentials);
  assert.match(await program.end(), /^good until 2.*Z, for compute\.read$/m);
});

test('docs/oauth.md: a user with a browser, refresh and revocation', async (t) => {
  const program = await start(t, browser);
  const redirectUri = 'https://localhost:8443/return/mytokens';
  const url = await program.said(/^visit (\S+)\n/m);
  program.say(await server.logIn(url, { user: 'alice', redirectUri }));
  assert.match(await program.end(), /^hello alice\nrevoked: true$/m);
});

test('docs/oauth.md: a user without a browser', async (t) => {
  const program = await start(t, device);
  await server.approveDevice(await program.said(/enter (\S+)\n/), 'alice');
  assert.match(await program.end(), /^hello alice$/m);
});

test('docs/oauth.md names every error code of the room, and no other', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/oauth.md'), 'utf8');
  const table = readFileSync(join(repositoryRoot, 'src/kit/error-codes.ts'), 'utf8');
  const codes = (text: string, pattern: RegExp) =>
    [...new Set([...text.matchAll(pattern)].map(([, code]) => code))].sort();
  assert.deepEqual(codes(page, /`((?:oauth|http)\/[\w-]+)`/g), codes(table, /'((?:oauth|http)\/[\w-]+)'/g));
});
