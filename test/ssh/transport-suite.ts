import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Transport } from '../../src/ssh/index.ts';
import { workspace } from '../support/workspace.ts';
import { fileChecks } from './file-checks.ts';

/** Makes a transport to this very machine, by whatever way; `undefined` when the test was skipped. */
export type MakeTransport = (t: TestContext) => Promise<Transport | undefined>;

/** One promise of every transport. `place` is a private directory that is the same here and there. */
type Check = (transport: Transport, place: string) => Promise<void>;

/** What every transport promises, checked for one of them: its commands and its files. */
export function transportSuite(name: string, make: MakeTransport): void {
  for (const [promise, check] of Object.entries(commandChecks))
    test(`${name}: ${promise}`, (t) => withTransport(t, make, check));
  for (const [promise, check] of Object.entries(fileChecks))
    test(`${name}: ${promise}`, (t) =>
      withTransport(t, make, (transport, place) => check(transport.files, place)));
}

async function withTransport(t: TestContext, make: MakeTransport, check: Check): Promise<void> {
  const place = workspace(t);
  const transport = await make(t);
  if (transport === undefined) return;
  try {
    await check(transport, place);
  } finally {
    await transport.close();
  }
}

/** Words that a shell, an option parser or a line protocol would like to change. */
const AWKWARD_WORDS = [
  '',
  ' ',
  "it's",
  '"two" words',
  '$HOME `id` $(id)',
  '*',
  '~',
  '-n',
  '--',
  'a\nb',
  '\\',
  '\\n',
  '!x',
  'é €',
  '\t\r\x01',
  '#;&|<>(){}[]?',
];

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, n) => n));

const commandChecks: Readonly<Record<string, Check>> = {
  'each word arrives as it is': async (transport) => {
    const { stdout, exitCode } = await transport.run(['printf', '%s\\0', ...AWKWARD_WORDS]);
    assert.equal(exitCode, 0);
    assert.deepEqual(stdout.toString().split('\0').slice(0, -1), AWKWARD_WORDS);
  },

  'a script gets its arguments as they are': async (transport) => {
    const script = 'printf "%s\\0" "$#" "$1" "$2"; shift 2; for word; do printf "%s\\0" "$word"; done';
    const { stdout } = await transport.script(script, AWKWARD_WORDS);
    const expected = [String(AWKWARD_WORDS.length), ...AWKWARD_WORDS];
    assert.deepEqual(stdout.toString().split('\0').slice(0, -1), expected);
  },

  'exit codes are told, of a signal as 128 + n, of what is not there as 127, of what may not run as 126':
    async (transport, place) => {
      writeFileSync(join(place, 'plain'), 'no program', { mode: 0o644 });
      const codes = async (...argv: string[]) => (await transport.run(argv)).exitCode;
      assert.equal(await codes('true'), 0);
      assert.equal(await codes('sh', '-c', 'exit 3'), 3);
      assert.equal(await codes('sh', '-c', 'kill -9 $$'), 137);
      assert.equal(await codes('no-such-program-of-ours', 'x'), 127);
      assert.equal(await codes(join(place, 'plain')), 126);
      assert.equal((await transport.script('exit 7', [])).exitCode, 7);
    },

  'output and error output stay apart, byte for byte': async (transport, place) => {
    writeFileSync(join(place, 'bytes'), ALL_BYTES);
    const { stdout, stderr } = await transport.script('cat "$1"; cat "$1" "$1" >&2', [join(place, 'bytes')]);
    assert.deepEqual(stdout, ALL_BYTES);
    assert.deepEqual(stderr, Buffer.concat([ALL_BYTES, ALL_BYTES]));
  },

  'output without a line end at its end comes back without one': async (transport) => {
    const { stdout, stderr } = await transport.script('printf "a\\n\\nb"; printf c >&2', []);
    assert.equal(stdout.toString(), 'a\n\nb');
    assert.equal(stderr.toString(), 'c');
  },

  'input arrives whole and ends; without any it is empty': async (transport) => {
    const input = Buffer.alloc(1_000_000, ALL_BYTES);
    assert.ok((await transport.run(['cat'], { input })).stdout.equals(input));
    assert.equal((await transport.run(['cat'])).stdout.length, 0);
    const { stdout } = await transport.script('read -r first; echo "$1 $first"; cat', ['got'], {
      input: 'x\ny',
    });
    assert.equal(stdout.toString(), 'got x\ny');
  },

  'a program that does not read its input is no error': async (transport) => {
    const { exitCode } = await transport.run(['true'], { input: Buffer.alloc(1_000_000) });
    assert.equal(exitCode, 0);
    assert.equal((await transport.run(['echo', 'still here'])).stdout.toString(), 'still here\n');
  },

  'directory and environment are those that were given': async (transport, place) => {
    const there = await transport.script('pwd; printf "%s" "$LATCHKEY_TEST"', [], {
      cwd: place,
      env: { LATCHKEY_TEST: "a 'b'\n$c" },
    });
    assert.equal(there.stdout.toString(), `${place}\na 'b'\n$c`);
    const missing = transport.run(['true'], { cwd: join(place, 'missing') });
    await assert.rejects(missing, { code: 'ssh/command', details: { reason: 'no-directory', ran: 'no' } });
  },

  'one command leaves nothing behind for the next': async (transport, place) => {
    const before = (await transport.run(['pwd'])).stdout.toString();
    await transport.script('cd /; LEFT=1; export LEFT; set -u; trap "" TERM; umask 0', [], {
      cwd: place,
      env: { LEFT_TOO: '1' },
    });
    const after = await transport.script('pwd; echo "[$LEFT][$LEFT_TOO]"', []);
    assert.equal(after.stdout.toString(), `${before}[][]\n`);
  },

  'a time-out ends the program and what it has started': async (transport, place) => {
    const pids = join(place, 'pids');
    const script = 'sleep 300 & echo $! >"$1"; echo $$ >>"$1"; wait';
    await assert.rejects(
      transport.script(script, [pids], { timeoutMs: 700 }),
      (error: LatchkeyErrorShape) => {
        assert.equal(error.code, 'ssh/command');
        assert.equal(error.details.reason, 'timed-out');
        return true;
      },
    );
    await allGone(pids);
    assert.equal((await transport.run(['echo', 'next'])).stdout.toString(), 'next\n');
  },

  'an abort ends the program; one that came before starts nothing': async (transport, place) => {
    const pids = join(place, 'pids');
    const controller = new AbortController();
    const running = transport.script('echo $$ >"$1"; exec sleep 300', [pids], { signal: controller.signal });
    const refused = assert.rejects(
      running,
      (error: LatchkeyErrorShape) => error.details.reason === 'cancelled',
    );
    await until(() => existsSync(pids) && readFileSync(pids, 'utf8').endsWith('\n'));
    controller.abort();
    await refused;
    await allGone(pids);
    const never = transport.run(['touch', join(place, 'never')], { signal: controller.signal });
    await assert.rejects(never, { code: 'ssh/command', details: { reason: 'cancelled', ran: 'no' } });
    assert.equal(existsSync(join(place, 'never')), false);
  },

  'output has a bound': async (transport) => {
    const flood = transport.run(['sh', '-c', 'yes; :'], { maxOutputBytes: 100_000 });
    await assert.rejects(flood, (error: LatchkeyErrorShape) => {
      assert.equal(error.code, 'ssh/command');
      assert.equal(error.details.reason, 'too-much-output');
      return true;
    });
    const fits = await transport.run(['head', '-c', '100000', '/dev/zero'], { maxOutputBytes: 100_000 });
    assert.equal(fits.stdout.length, 100_000);
  },

  'many at once do not mix': async (transport) => {
    const outputs = await Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const { stdout, exitCode } = await transport.script('echo "$1"; exit "$2"', [`no ${n}`, String(n)]);
        return `${exitCode} ${stdout}`;
      }),
    );
    assert.deepEqual(
      outputs,
      Array.from({ length: 24 }, (_, n) => `${n} no ${n}\n`),
    );
  },

  'a started program is talked to while it runs': async (transport) => {
    const program = await transport.start(['sh', '-c', 'while read -r x; do echo "<$x>"; done; exit 5']);
    const lines = eachChunk(program.stdout);
    program.stdin.write('one\n');
    assert.equal(await lines.next(4 + 2), '<one>\n');
    program.stdin.write('two\n');
    assert.equal(await lines.next(4 + 2), '<two>\n');
    program.stdin.end();
    assert.equal(await program.ended, 5);
  },

  'a started program is stopped with what it has started': async (transport, place) => {
    const pids = join(place, 'pids');
    const program = await transport.start([
      'sh',
      '-c',
      'sleep 300 & echo $! >"$0"; echo $$ >>"$0"; wait',
      pids,
    ]);
    await until(() => existsSync(pids) && readFileSync(pids, 'utf8').split('\n').length === 3);
    program.stop();
    program.stop();
    await program.ended;
    await allGone(pids);
  },

  'closing twice is harmless, and nothing runs after it': async (transport) => {
    await transport.close();
    await transport.close();
    await assert.rejects(transport.run(['true']), { code: 'ssh/lost' });
  },

  'it says what it is': async (transport) => {
    assert.match(transport.description, /^(local|ssh2?|gsissh)\b/);
  },

  'what a command wrote is what the files are': async (transport, place) => {
    const path = join(place, 'made');
    await transport.script('umask 077; echo hello >"$1"', [path]);
    assert.equal((await transport.files.read(path)).toString(), 'hello\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    symlinkSync(path, join(place, 'link'));
    assert.deepEqual(readdirSync(place).sort(), [...(await transport.files.list(place))].sort());
  },

  'relative paths of files and of commands begin at the same directory': async (transport) => {
    const home = (await transport.run(['pwd'])).stdout.toString().trimEnd();
    const name = `.latchkey-test-${process.pid}`;
    try {
      await transport.files.write(name, Buffer.from('x'), { mode: 0o600 });
      assert.equal((await transport.run(['cat', name])).stdout.toString(), 'x');
      assert.equal((await transport.files.status(join(home, name)))?.size, 1);
    } finally {
      await transport.files.remove(name);
    }
  },
};

interface LatchkeyErrorShape {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Waits for something that comes soon; the bound is for what never comes. */
async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; n < 1_000; n += 1) {
    if (isSo()) return;
    await delay(20);
  }
  assert.fail('it never came');
}

async function allGone(pids: string): Promise<void> {
  for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) await until(() => !isRunning(pid));
}

/** A process that has ended and waits to be asked about is not running. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function eachChunk(stream: NodeJS.ReadableStream): { next(length: number): Promise<string> } {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return {
    next: async (length) => {
      await until(() => text.length >= length);
      const part = text.slice(0, length);
      text = text.slice(length);
      return part;
    },
  };
}
