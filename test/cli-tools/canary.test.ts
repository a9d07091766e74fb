import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { openConfig, startCServer } from '../support/c-server.ts';
import { makeGrid } from '../support/grid.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const KEY_PHRASE = 'canary-of-the-key-4711';
const PHRASE = 'canary-of-myproxy-0815';
const NEW_PHRASE = 'canary-that-is-new-1234';
const CANARIES = [KEY_PHRASE, PHRASE, NEW_PHRASE];

/** Everything that was seen of a run while it lasted and after. */
interface Seen {
  readonly code: number | null;
  readonly text: string;
  /** Command lines and environments of the tool and of whatever it started. */
  readonly processes: string;
}

function watch(argv: readonly string[], env: NodeJS.ProcessEnv, input: string): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [latchkeyExecutable, 'tool', ...argv], { env, detached: true });
    let text = '';
    let processes = '';
    const look = (): void => {
      processes += processGroup(child.pid ?? 0);
    };
    const watching = setInterval(look, 20);
    child.stdout.on('data', (chunk) => {
      text += chunk;
      look();
    });
    child.stderr.on('data', (chunk) => {
      text += chunk;
      look();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(watching);
      resolve({ code, text, processes });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    look();
  });
}

/** `/proc/<pid>/cmdline` and `environ` of every process of a group. */
function processGroup(group: number): string {
  let seen = '';
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      if (Number(fields[2]) !== group) continue;
      seen += readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
    } catch {
      // It has ended between two looks.
    }
  }
  return seen;
}

test('pass phrases are never in arguments, environments, output, errors or left-over files', async (t: TestContext) => {
  if (!havePeers(t, 'myproxy-server', 'openssl')) return;
  const directory = workspace(t);
  const grid = await makeGrid(join(directory, 'grid'));
  const server = await startCServer(t, grid, { config: openConfig(grid.trustDirectory) });
  const key = join(directory, 'sealed.key');
  const sealing = await runProgram(
    'openssl',
    ['rsa', '-in', grid.user.key, '-aes128', '-passout', 'stdin', '-out', key],
    { input: `${KEY_PHRASE}\n` },
  );
  assert.equal(sealing.code, 0, sealing.stderr.toString());
  chmodSync(key, 0o600);
  const env = {
    ...server.env,
    HOME: directory,
    TMPDIR: directory,
    X509_USER_PROXY: join(directory, 'proxy'),
  };
  // Root would connect with these before its proxy, and be asked for the key's pass phrase.
  const withKey = { ...env, X509_USER_CERT: grid.user.certificate, X509_USER_KEY: key };
  const out = join(directory, 'out');
  const steps: readonly (readonly [readonly string[], string, number])[] = [
    [['grid-proxy-init', '-debug', '-verify', '-pwstdin'], `${KEY_PHRASE}\n`, 0],
    [['grid-proxy-init', '-debug', '-pwstdin'], `${PHRASE}\n`, 1],
    [['myproxy-init', '-v', '-S', '-a'], `${KEY_PHRASE}\n${PHRASE}\n`, 0],
    [['myproxy-init', '-v', '-S', '-a'], `${PHRASE}\n${PHRASE}\n`, 1],
    [['myproxy-info', '-v'], '', 0],
    [['myproxy-logon', '-v', '-S', '-o', out], `${PHRASE}\n`, 0],
    [['myproxy-logon', '-v', '-S', '-o', out], `${NEW_PHRASE}\n`, 1],
    [['myproxy-logon', '-v', '-S', '-p', '1', '-o', out], `${PHRASE}\n`, 1],
    [['myproxy-logon', '-v', '-S', '-o', join(directory, 'none', 'x')], `${PHRASE}\n`, 1],
    [['myproxy-change-pass-phrase', '-v', '-S'], `${NEW_PHRASE}\n${PHRASE}\n`, 1],
    [['myproxy-change-pass-phrase', '-v', '-S'], `${PHRASE}\n${NEW_PHRASE}\n`, 0],
    [
      ['myproxy-store', '-v', '-l', 'sealed', '-E', 'Jane User', '-c', grid.user.certificate, '-y', key],
      '',
      0,
    ],
    [
      ['myproxy-retrieve', '-v', '-S', '-l', 'sealed', '-c', `${out}.c`, '-y', `${out}.k`],
      `${KEY_PHRASE}\n`,
      0,
    ],
    [['myproxyclient', 'logon', '-l', 'jane', '-o', out, '-S', '-e'], `${PHRASE}\n`, 1],
    [['myproxy-destroy', '-v'], '', 0],
  ];
  for (const [argv, input, code] of steps) {
    const seen = await watch(argv, /-init$/.test(argv[0] ?? '') ? withKey : env, input);
    assert.equal(seen.code, code, `${argv.join(' ')}: ${seen.text}`);
    assert.ok(seen.processes.includes('latchkey.js'), 'the process was looked at');
    for (const canary of CANARIES) {
      assert.ok(!seen.text.includes(canary), `${argv[0]} printed a pass phrase`);
      assert.ok(!seen.processes.includes(canary), `${argv[0]} showed a pass phrase to other users`);
    }
    assert.doesNotMatch(seen.text, /^\s+at .*:\d+:\d+\)?$/m, 'no stack trace');
  }
  for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, file);
    if (!statSync(path).isFile()) continue;
    const text = readFileSync(path, 'latin1');
    for (const canary of CANARIES) assert.ok(!text.includes(canary), `${file} holds a pass phrase`);
  }
});
