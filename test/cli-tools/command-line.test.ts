import assert from 'node:assert/strict';
import { test } from 'node:test';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';
import { bareEnvironment, runTool, type ToolRun } from './run-tool.ts';

const NETWORK = [
  'myproxy-init',
  'myproxy-logon',
  'myproxy-get-delegation',
  'myproxy-info',
  'myproxy-destroy',
  'myproxy-store',
  'myproxy-retrieve',
  'myproxy-change-pass-phrase',
  'myproxy-get-trustroots',
];
const GETOPT = [
  ...NETWORK,
  'myproxy-server',
  'myproxy-admin-query',
  'myproxy-admin-change-pass',
  'myproxy-admin-load-credential',
];
const GLOBUS = ['grid-proxy-init', 'grid-proxy-info', 'grid-proxy-destroy'];

/** Command lines that end before anything is connected to, made or removed. */
const CASES: readonly (readonly [readonly string[], readonly (readonly string[])[]])[] = [
  [GETOPT, [['-h'], ['-u'], ['--help'], ['--usage'], ['--he'], ['-V'], ['--version']]],
  [GETOPT, [['-z'], ['--nosuch'], ['--help=3'], ['-vz'], ['-s'], ['-v', '-V', '-z']]],
  [NETWORK, [['--ps', 'x'], ['--pshost'], ['-p'], [], ['-v']]],
  [NETWORK.filter((tool) => !/store|retrieve/.test(tool)), [['stray'], ['-s', 'localhost', 'stray', '-h']]],
  [['myproxy-init', 'myproxy-logon', 'myproxy-store'], [['-t', '-1']]],
  [
    ['myproxy-init', 'myproxy-store'],
    [
      ['-a', '-r', 'x'],
      ['-A', '-R', 'x'],
      ['-Z', 'x', '-Z', 'y'],
    ],
  ],
  [
    ['myproxy-admin-load-credential'],
    [['-a', '-r', 'x'], ['-A', '-R', 'x'], ['-a', '-A'], ['-R', 'x', '-r', 'y'], [], ['-c', 'x']],
  ],
  [['myproxy-logon'], [['-s', 'localhost', '-o', '-', '-m', 'vo']]],
  [
    ['myproxy-store'],
    [
      ['-s', 'localhost'],
      ['-s', 'localhost', '-c', 'none', '-y', 'none'],
    ],
  ],
  [GLOBUS, [['-help'], ['-usage'], ['-version'], ['-nosuch'], ['--help'], ['-h']]],
  [
    ['grid-proxy-init'],
    [
      ...[
        ['stray'],
        ['-valid', '3'],
        ['-valid'],
        ['-valid', '1:99'],
        ['-hours'],
        ['-hours', '-1'],
        ['-bits', '7'],
      ],
      ...[
        ['-bits'],
        ['-old', '-rfc'],
        ['-limited', '-independent'],
        ['-limited', '-policy', 'x'],
        ['-policy'],
      ],
      ...[
        ['-policy', 'x'],
        ['-pl'],
        ['-path-length', 'x'],
        ['-cert', 'none'],
        ['-key', 'none'],
        ['-certdir', 'none'],
      ],
      ...[['-out'], [], ['-q'], ['-verify']],
    ],
  ],
  [
    ['grid-proxy-info'],
    [
      ...[
        ['stray'],
        ['-file'],
        ['-file', 'none'],
        [],
        ['-e'],
        ['-exists', '-e'],
        ['-valid', '1:0'],
        ['-b', '7'],
      ],
      ...[['-e', '-valid', '3'], ['-e', '-valid'], ['-e', '-h'], ['-subject']],
    ],
  ],
  [
    ['grid-proxy-destroy'],
    [[], ['-dryrun'], ['-dryrun', 'a', 'b'], ['none'], ['-default'], ['-dryrun', '-all']],
  ],
];

/** What scripts see: the exit code, which stream speaks, and the line that says what is the matter. */
function shape(run: ToolRun): string {
  return `${run.code} | ${headline(run.stdout)} | ${headline(run.stderr)}`;
}

/** The first line that says something; usage texts and versions have our own words. */
function headline(text: string): string {
  const line = text.split('\n').find((candidate) => candidate.trim() !== '') ?? '';
  if (/^Syntax: |^Admin Repository Query Tool$/.test(line)) return 'usage';
  if (/^\S+-\d+\.\d+(\.\d+)?$/.test(line)) return 'version';
  return (
    line
      .replace(/^\/\S*\//, '')
      // Two of the C tools print a wrong name, or no blank after it.
      .replace(/^\S+?(?: )?version MYPROXY/, 'version MYPROXY')
      .replace(/\(v6\.2 \w{3} \d{4} .*\)/, '(v6.2 …)')
      .replace(/^Failed to (stat|read) /, 'Failed to read ')
      .replace(/^(-\w is incompatible with -\w and -\w\.).*/, '$1')
  );
}

test('command lines end as those of the C tools: exit code, stream, first line', (t) => {
  if (!havePeers(t, 'myproxy-init', 'myproxy-server', 'grid-proxy-init', 'setsid')) return;
  const cwd = workspace(t);
  const options = { env: bareEnvironment(cwd), cwd };
  const differences: string[] = [];
  let count = 0;
  for (const [tools, lines] of CASES) {
    for (const tool of tools) {
      for (const argv of lines) {
        const [theirs, ours] = [
          shape(runTool('C', tool, argv, options)),
          shape(runTool('ours', tool, argv, options)),
        ];
        count += 1;
        if (theirs !== ours)
          differences.push(`${tool} ${argv.join(' ')}
  C    ${theirs}
  ours ${ours}`);
      }
    }
  }
  assert.equal(differences.length, 0, `of ${count} command lines:\n${differences.join('\n')}`);
});

test('a server is required by every tool that talks to one, and both complaints name the variable and the option', (t) => {
  const options = { env: bareEnvironment(workspace(t)) };
  for (const tool of NETWORK) {
    const run = runTool('ours', tool, [], options);
    assert.equal(run.code, 1, tool);
    assert.match(run.stderr, /Unspecified myproxy-server.*MYPROXY_SERVER[\s\S]*-s/, tool);
  }
});
