/**
 * `npm run demo:thermo-mechanical`: two coupled models on two hosts that cannot reach each other. With root, an sshd and `ip`, the hosts are
 * network namespaces with sshds of their own; without, all three are this machine.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';

declare const LATCHKEY_ROOT: string;

const USAGE = `usage: npm run demo:thermo-mechanical [-- OPTIONS]

  --passing copy|reference   how the temperature gets to the mechanical model; default reference
  --steps COUNT              how many steps; default 1
  --python                   the thermal model is the one in Python, served by Pyro4
  --out DIR                  where the plots go; default thermo-mechanical
  --alone                    no hosts: everything on this machine, without ssh
`;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  process.stderr.write(USAGE);
  process.exit(0);
}
const isAlone = args.includes('--alone') || !canHaveHosts();
const example = join(LATCHKEY_ROOT, 'examples/thermo-mechanical');
// Sockets have short names: so does what they are in.
const lab = mkdtempSync(join(tmpdir().length > 20 ? '/tmp' : tmpdir(), 'lk-'));
const models = join(lab, 'models');

const code = await run().finally(() => rmSync(lab, { recursive: true, force: true }));
process.exit(code);

async function run(): Promise<number> {
  await build({
    entryPoints: ['thermal-model', 'mechanical-model', 'main'].map((name) => join(example, `${name}.ts`)),
    outdir: models,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    alias: Object.fromEntries(
      ['kit', 'pyro', 'remote', 'session'].map((door) => [
        `latchkey/${door}`,
        join(LATCHKEY_ROOT, `src/${door}/index.ts`),
      ]),
    ),
    external: ['ssh2'],
    define: { LATCHKEY_VERSION: '"demo"' },
    logLevel: 'warning',
  });
  const program = [
    ...[
      process.execPath,
      '--enable-source-maps',
      join(models, 'main.mjs'),
      ...args.filter((word) => word !== '--alone'),
    ],
    ...['--example', example, '--models', models, '--lab', lab],
    ...['--latchkey', join(LATCHKEY_ROOT, 'dist/bin/latchkey.js')],
  ];
  const hosts = ['unshare', '--net', '--mount', 'bash', join(example, 'hosts.sh'), join(lab, 'h')];
  const words = isAlone ? program : [...hosts, ...program];
  process.stderr.write(
    isAlone
      ? '  everything on this machine, without ssh\n'
      : '  three hosts: steering reaches thermal and mechanical by ssh; those two cannot reach each other\n',
  );
  // A group of its own: what is left of it, whatever happens, can be ended.
  const child = spawn(words[0] ?? '', words.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const code = await new Promise<number>((resolve) => {
    child.once('exit', (exit, signal) => resolve(signal ? 1 : (exit ?? 1)));
  });
  await endGroup(child.pid ?? 0);
  return code;
}

/** Model servers end their jobs when they are asked to; what does not end is made to. */
async function endGroup(group: number): Promise<void> {
  for (const [signal, tries] of [
    ['SIGTERM', 100],
    ['SIGKILL', 20],
  ] as const) {
    for (let i = 0; i < tries; i += 1) {
      try {
        process.kill(-group, i === 0 ? signal : 0);
      } catch {
        return;
      }
      await delay(100);
    }
  }
}

function canHaveHosts(): boolean {
  if (process.geteuid?.() !== 0) return false;
  const has = (program: string, argument: string) =>
    spawnSync(program, [argument], { stdio: 'ignore' }).error === undefined;
  return (
    has('/usr/sbin/sshd', '-V') &&
    has('ip', '-V') &&
    spawnSync('unshare', ['--net', '--mount', 'true']).status === 0
  );
}
