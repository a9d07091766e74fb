// condor_submit, condor_q, condor_history, condor_rm, condor_suspend, condor_continue: output as recorded from HTCondor 25.14.
import { readFileSync } from 'node:fs';

/** A job is in the history so many seconds after it has left the queue. */
const HISTORY_LAG = 5;

export const condorTools = {
  condor_submit(machine, [, file]) {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const given = new Map(
      lines
        .slice(0, -1)
        .map((line) => [line.slice(0, line.indexOf(' = ')), line.slice(line.indexOf(' = ') + 3)]),
    );
    const count = Number(lines.at(-1).split(' ')[1]);
    const number = machine.state.next;
    const plain = (text) => text.replaceAll('$(DOLLAR)', '$');
    const words = argumentWords(given.get('arguments')).map((word) =>
      plain(word.replaceAll('$(Cluster)', String(number)).replaceAll('$(Process)', '{proc}')),
    );
    const wall = /JobCurrentStartDate > (\d+)/.exec(given.get('periodic_remove') ?? '')?.[1];
    machine.submit({
      argv: [given.get('executable'), ...words],
      cwd: plain(given.get('initialdir')),
      output: plain(given.get('output')),
      error: plain(given.get('error')),
      tag: JSON.parse(given.get('+LatchkeyTag')),
      array: given.has('+LatchkeyArray') ? Number(given.get('+LatchkeyArray')) : undefined,
      size: count,
      wallSeconds: wall === undefined ? undefined : Number(wall),
      variables: {},
    });
    if (machine.mishap('lose-answer') !== undefined) return { exitCode: 255 };
    return { stdout: `${number}.0 - ${number}.${count - 1}\n` };
  },

  condor_q(machine, args) {
    if (machine.mishap('garbage') !== undefined) return { stdout: '[\n{\n  "ClusterId": 1', exitCode: 0 };
    const ads = adsOf(machine, args, (task) => task.state !== 'ended');
    // An empty answer prints nothing at all.
    return { stdout: ads.length === 0 ? '' : `${JSON.stringify(ads, undefined, 2)}\n` };
  },

  condor_history(machine, args) {
    const ads = adsOf(
      machine,
      args,
      (task) => task.state === 'ended' && machine.now - task.endedAt >= HISTORY_LAG,
    );
    return { stdout: ads.length === 0 ? '[\n]\n' : `${JSON.stringify(ads, undefined, 2)}\n` };
  },

  condor_rm: (machine, ids) =>
    each(machine, ids, 'marked for removal', "Couldn't find/remove all jobs in cluster", (task) => {
      machine.cancel(task);
    }),
  condor_suspend: (machine, ids) =>
    each(machine, ids, 'suspended', "Couldn't find/suspend all jobs in cluster", (task) => {
      machine.suspend(task);
    }),
  condor_continue: (machine, ids) =>
    each(machine, ids, 'continued', "Couldn't find/continue all jobs in cluster", (task) => {
      machine.resume(task);
    }),
};

function each(machine, ids, word, refusal, act) {
  let stdout = '';
  let stderr = '';
  for (const id of ids) {
    const tasks = machine.jobs
      .find(({ number }) => String(number) === id)
      ?.tasks.filter(({ state }) => state !== 'ended');
    if (tasks === undefined || tasks.length === 0) stderr += `\n${refusal} ${id}\n`;
    else {
      for (const task of tasks) act(task);
      stdout += `All jobs in cluster ${id} have been ${word}\n`;
    }
  }
  return { stdout, stderr, exitCode: stderr === '' ? 0 : 1 };
}

function adsOf(machine, args, isWanted) {
  const attributes = args[args.indexOf('-attributes') + 1].split(',');
  const constraint = args.indexOf('-constraint');
  const tag = constraint < 0 ? undefined : JSON.parse(args[constraint + 1].replace('LatchkeyTag == ', ''));
  const ids = args.filter((arg) => /^\d+$/.test(arg));
  return machine.jobs
    .filter(
      (job) =>
        (ids.length === 0 || ids.includes(String(job.number))) && (tag === undefined || job.tag === tag),
    )
    .flatMap((job) => job.tasks.filter(isWanted).map((task) => ad(job, task)))
    .map((all) => Object.fromEntries(Object.entries(all).filter(([name]) => attributes.includes(name))));
}

const STATES = { queued: 1, running: 2, suspended: 7 };

/** What is not set is left out; a removed job keeps the signal it was stopped with. */
function ad(job, task) {
  const isRemoved = task.why !== undefined;
  const signal = task.status > 128 ? task.status - 128 : undefined;
  return {
    ClusterId: job.number,
    ProcId: task.index - 1,
    QDate: job.submittedAt,
    EnteredCurrentStatus: task.endedAt ?? task.startedAt ?? job.submittedAt,
    ...(job.array === undefined ? {} : { LatchkeyArray: job.array }),
    ...(task.startedAt === undefined ? {} : { JobStartDate: task.startedAt }),
    ...(task.state === 'running' ? { RemoteHost: 'slot1_4@vm' } : {}),
    JobStatus: task.state === 'ended' ? (isRemoved ? 3 : 4) : STATES[task.state],
    ExitBySignal: signal !== undefined,
    ...(task.state !== 'ended' || signal !== undefined ? {} : { ExitCode: task.status }),
    ...(signal === undefined ? {} : { ExitSignal: signal }),
    ...(task.why === 'timeout'
      ? {
          RemoveReason: "The job attribute PeriodicRemove expression 'JobStatus == 2 && …' evaluated to TRUE",
        }
      : {}),
    ...(task.why === 'cancelled' ? { RemoveReason: 'via condor_rm (by user alice)' } : {}),
    ...(task.state === 'ended' && !isRemoved ? { CompletionDate: task.endedAt } : {}),
  };
}

/** The new syntax: one pair of double quotes around, doubled inside; words in single quotes, doubled inside. */
function argumentWords(text) {
  const inner = text.slice(1, -1).replaceAll('""', '"');
  return [...inner.matchAll(/(?:'((?:[^']|'')*)'|([^\s']+))/g)].map(([, quoted, bare]) =>
    quoted === undefined ? bare : quoted.replaceAll("''", "'"),
  );
}
