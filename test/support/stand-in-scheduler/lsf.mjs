// bsub, bjobs, bkill, bstop, bresume: output as documented for LSF 10.1.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { directives } from './words.mjs';

export const lsfTools = {
  bsub(machine) {
    const script = join(machine.directory, `script-${machine.state.next}`);
    writeFileSync(script, readFileSync(0));
    const given = directives(script, '#BSUB');
    const value = (name) => given.findLast(([option]) => option === name)?.[1];
    const range = /\[1-(\d+)\]$/.exec(value('J') ?? '')?.[1];
    const [hours, minutes] = value('W')?.split(':') ?? [];
    const number = machine.state.next;
    machine.submit({
      argv: ['/bin/sh', script],
      cwd: value('cwd'),
      output: value('o'),
      error: value('e'),
      description: value('Jd') ?? '',
      size: range === undefined ? undefined : Number(range),
      wallSeconds: hours === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60,
      variables: { LSB_JOBID: String(number), LSB_JOBINDEX: range === undefined ? '0' : '{task}' },
    });
    if (machine.mishap('lose-answer') !== undefined) return { exitCode: 255 };
    return { stdout: `Job <${number}> is submitted to default queue <normal>.\n` };
  },

  bjobs(machine, args) {
    if (machine.mishap('garbage') !== undefined)
      return { stdout: '{"COMMAND":"bjobs","JOBS":1,"REC', exitCode: 0 };
    const at = args.indexOf('-o');
    const fields = args[at + 1].split(' ').map((name) => name.toUpperCase());
    const ids = args.slice(at + 2);
    const known = machine.jobs.filter(
      (job) => !job.tasks.every(({ state, endedAt }) => state === 'ended' && machine.now - endedAt > 3600),
    );
    const wanted = ids.length === 0 ? known : known.filter((job) => ids.includes(String(job.number)));
    const missing = ids.filter((id) => !known.some((job) => String(job.number) === id));
    const records = [
      ...wanted.flatMap((job) => job.tasks.map((task) => pick(record(job, task), fields))),
      ...missing.map((id) => ({ JOBID: id, ERROR: `Job <${id}> is not found` })),
    ];
    if (records.length === 0) return { stderr: 'No job found\n', exitCode: 0 };
    const document = { COMMAND: 'bjobs', JOBS: records.length, RECORDS: records };
    return { stdout: `${JSON.stringify(document, undefined, 2)}\n`, exitCode: missing.length > 0 ? 255 : 0 };
  },

  bkill(machine, args) {
    const isSignal = args[0] === '-s';
    const act = isSignal ? (task) => machine.signal(task, `SIG${args[1]}`) : (task) => machine.cancel(task);
    return each(machine, isSignal ? args.slice(2) : args, isSignal ? 'signaled' : 'terminated', act);
  },
  bstop: (machine, ids) => each(machine, ids, 'stopped', (task) => machine.suspend(task)),
  bresume: (machine, ids) => each(machine, ids, 'resumed', (task) => machine.resume(task)),
};

function each(machine, ids, word, act) {
  let stdout = '';
  let stderr = '';
  for (const id of ids) {
    const job = machine.jobs.find(({ number }) => String(number) === id);
    if (job === undefined) stderr += `Job <${id}>: No matching job found\n`;
    else if (job.tasks.every(({ state }) => state === 'ended'))
      stderr += `Job <${id}>: Job has already finished\n`;
    else {
      for (const task of job.tasks) act(task);
      stdout += `Job <${id}> is being ${word}\n`;
    }
  }
  return { stdout, stderr, exitCode: stderr === '' ? 0 : 255 };
}

const STATES = { queued: 'PEND', running: 'RUN', suspended: 'USUSP' };
const REASONS = {
  timeout: 'TERM_RUNLIMIT: job killed after reaching LSF run time limit',
  cancelled: 'TERM_OWNER: job killed by owner',
};

function record(job, task) {
  const isGood = task.status === 0 && task.why === undefined;
  return {
    JOBID: String(job.number),
    JOBINDEX: String(task.index),
    STAT: task.state === 'ended' ? (isGood ? 'DONE' : 'EXIT') : STATES[task.state],
    EXIT_CODE: task.state === 'ended' && !isGood ? String(task.status) : '',
    EXIT_REASON: REASONS[task.why] ?? '',
    EXEC_HOST: task.startedAt === undefined ? '' : '4*n1:n2',
    JOB_DESCRIPTION: job.description,
  };
}

function pick(all, fields) {
  return Object.fromEntries(fields.map((name) => [name, all[name]]));
}
