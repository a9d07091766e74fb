// qsub, qstat, qselect, qdel, qsig: output as documented for OpenPBS 20.0 and Torque 6.1.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { directives, optionsOf } from './words.mjs';

const SERVER = 'pbs.example';
const WIDTH = 79;

export function pbsTool(dialect) {
  const isPro = dialect === 'pbspro';
  return {
    qsub(machine, args) {
      // A copy, as the real one takes.
      const script = join(machine.directory, `script-${machine.state.next}`);
      copyFileSync(args.at(-1), script);
      const given = [...directives(script, '#PBS'), ...optionsOf(args.slice(0, -1))];
      const value = (name) => given.findLast(([option]) => option === name)?.[1];
      const resources = given.flatMap(([option, text]) => (option === 'l' ? text.split(',') : []));
      const wall = resources.find((text) => text.startsWith('walltime='))?.slice('walltime='.length);
      const range = value(isPro ? 'J' : 't');
      const size = range === undefined ? undefined : Number(range.split('-')[1]);
      if (isPro && size === 1) return { stderr: 'qsub: illegal -J value\n', exitCode: 2 };
      const number = machine.state.next;
      const at = size === undefined ? '' : '[{task}]';
      machine.submit({
        argv: ['/bin/sh', script],
        output: value('o'),
        error: value('e'),
        name: value('N'),
        variableList: value('v'),
        resources,
        size,
        wallSeconds: wall === undefined ? undefined : seconds(wall),
        variables: {
          PBS_JOBID: `${number}${at}.${SERVER}`,
          ...(size === undefined ? {} : { [isPro ? 'PBS_ARRAY_INDEX' : 'PBS_ARRAYID']: '{task}' }),
        },
      });
      if (machine.mishap('lose-answer') !== undefined) return { exitCode: 255 };
      return { stdout: `${number}${size === undefined ? '' : '[]'}.${SERVER}\n` };
    },

    qstat(machine, args) {
      if (args[0] === '--version')
        return isPro
          ? { stdout: 'pbs_version = 20.0.1\n' }
          : { stderr: 'Version: 6.1.2\nCommit: 661e092552de43a785c15d39a3634a541d86898e\n' };
      if (machine.mishap('garbage') !== undefined) return { stdout: '\u0000\u00ff<html>', exitCode: 1 };
      const withHistory = args.includes('-x');
      const ids = args.filter((arg) => !arg.startsWith('-'));
      let stdout = '';
      let stderr = '';
      let exitCode = 0;
      for (const id of ids) {
        const job = machine.jobs.find(({ number }) => number === Number.parseInt(id, 10));
        const hasEnded = job?.tasks.every(({ state }) => state === 'ended') === true;
        if (job === undefined || (!isPro && hasEnded && machine.now - lastEnd(job) > 300)) {
          stderr += isPro ? `qstat: Unknown Job Id ${id}\n` : `qstat: Unknown Job Id Error ${id}\n`;
          exitCode = 153;
        } else if (isPro && hasEnded && !withHistory) {
          stderr += `qstat: ${id} Job has finished, use -x or -H to obtain historical job information\n`;
          exitCode = 35;
        } else stdout += report(job, isPro);
      }
      return { stdout, stderr, exitCode };
    },

    qselect(machine, args) {
      const all = args.includes('-x') || !isPro;
      const wanted = machine.jobs.filter(({ tasks }) => all || tasks.some(({ state }) => state !== 'ended'));
      return { stdout: wanted.map((job) => `${wholeId(job)}\n`).join('') };
    },

    qdel: (machine, ids) => each(machine, ids, 'qdel', (task) => machine.cancel(task)),
    qsig: (machine, [, name, ...ids]) =>
      each(machine, ids, 'qsig', (task) => machine.signal(task, `SIG${name}`)),
  };
}

function each(machine, ids, tool, act) {
  let stderr = '';
  for (const id of ids) {
    const job = machine.jobs.find(({ number }) => number === Number.parseInt(id, 10));
    if (job === undefined) stderr += `${tool}: Unknown Job Id ${id}\n`;
    else if (job.tasks.every(({ state }) => state === 'ended')) stderr += `${tool}: Job has finished ${id}\n`;
    else for (const task of job.tasks) act(task);
  }
  return { stderr, exitCode: stderr === '' ? 0 : 153 };
}

function report(job, isPro) {
  const rows = job.size === undefined ? [] : [row(wholeId(job), job, undefined, isPro)];
  return [...rows, ...job.tasks.map((task) => row(taskId(job, task), job, task, isPro))].join('');
}

const LETTERS = {
  pbspro: { queued: 'Q', running: 'R', suspended: 'S', ended: 'F' },
  torque: { queued: 'Q', running: 'R', suspended: 'S', ended: 'C' },
};

function row(id, job, task, isPro) {
  const letters = LETTERS[isPro ? 'pbspro' : 'torque'];
  const isArray = isPro && job.size !== undefined;
  const state =
    task === undefined
      ? job.tasks.every((one) => one.state === 'ended')
        ? letters.ended
        : 'B'
      : isArray && task.state === 'ended'
        ? 'X'
        : letters[task.state];
  const attributes = [
    ['Job_Name', job.name],
    ['Job_Owner', 'alice@pbs.example'],
    ['job_state', state],
    ['queue', 'workq'],
    ['server', SERVER],
    ['ctime', ctime(job.submittedAt)],
    ...(task?.startedAt === undefined
      ? []
      : [
          ['exec_host', 'n1/0*2+n1/1'],
          [isPro ? 'stime' : 'start_time', ctime(task.startedAt)],
        ]),
    ['mtime', ctime(task?.endedAt ?? job.submittedAt)],
    ...job.resources.map((text) => [
      `Resource_List.${text.slice(0, text.indexOf('='))}`,
      text.slice(text.indexOf('=') + 1),
    ]),
    [
      'Variable_List',
      `PBS_O_HOME=/home/alice,PBS_O_LANG=C.UTF-8,PBS_O_LOGNAME=alice,PBS_O_PATH=/usr/local/bin:/usr/bin:/bin,PBS_O_SHELL=/bin/sh,${job.variableList}`,
    ],
    ...ending(task, isPro),
  ];
  const lines = attributes.map(([name, value]) => wrap(`    ${name} = ${value}`));
  return `Job Id: ${id}\n${lines.join('\n')}\n\n`;
}

/** 256 + n when a signal ended it; PBS Pro has numbers of its own for what it ends itself, and a substate. */
function ending(task, isPro) {
  if (task?.state !== 'ended') return [];
  const name = isPro ? 'Exit_status' : 'exit_status';
  if (task.why === 'cancelled' && isPro) {
    return task.wasQueued
      ? [['substate', '91']]
      : [
          ['substate', '91'],
          [name, '271'],
        ];
  }
  if (task.why === 'timeout') return [[name, isPro ? '-29' : '-11']];
  return [
    ...(isPro ? [['substate', '92']] : []),
    [name, String(task.status > 128 ? task.status + 128 : task.status)],
  ];
}

function wrap(line) {
  const parts = [];
  let rest = line;
  while (rest.length > WIDTH) {
    const cut = rest.lastIndexOf(',', WIDTH - 1) + 1 || WIDTH;
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return [...parts, rest].join('\n\t');
}

function wholeId(job) {
  return `${job.number}${job.size === undefined ? '' : '[]'}.${SERVER}`;
}

function taskId(job, task) {
  return job.size === undefined ? wholeId(job) : `${job.number}[${task.index}].${SERVER}`;
}

function lastEnd(job) {
  return Math.max(...job.tasks.map(({ endedAt }) => endedAt ?? 0));
}

function ctime(at) {
  const date = new Date(at * 1000).toUTCString();
  const [, day, number, month, year, clock] = /^(\w+), (\d+) (\w+) (\d+) (\S+)/.exec(date);
  return `${day} ${month} ${number.padStart(2, ' ')} ${clock} ${year}`;
}

function seconds(text) {
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
