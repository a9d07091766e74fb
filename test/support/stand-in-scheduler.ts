import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { repositoryRoot, workspace } from './workspace.ts';

const TOOLS = {
  pbspro: ['qsub', 'qstat', 'qselect', 'qdel', 'qsig'],
  torque: ['qsub', 'qstat', 'qselect', 'qdel', 'qsig'],
  lsf: ['bsub', 'bjobs', 'bkill', 'bstop', 'bresume'],
  condor: ['condor_submit', 'condor_q', 'condor_history', 'condor_rm', 'condor_suspend', 'condor_continue'],
} as const;

/** A stand-in for a scheduler, with a clock that a test moves; jobs really run. */
export interface StandInScheduler {
  /** First in PATH, so that its tools are found. */
  readonly bin: string;
  readonly env: Readonly<Record<string, string>>;
  /** Moves its clock on. */
  pass(seconds: number): void;
  /** `garbage`, `lose-answer`: once; `down` until {@link StandInScheduler.mend}. */
  break(how: 'garbage' | 'lose-answer' | 'down'): void;
  mend(how: 'down'): void;
}

/** Sets one up in a private directory; what it runs ends by itself or is ended by the test. */
export function standInScheduler(t: TestContext, kind: keyof typeof TOOLS): StandInScheduler {
  let directory = '';
  let isOver = false;
  // Before the workspace: what it has started ends before its directory goes.
  t.after(() => {
    isOver = true;
    endJobs(directory);
  });
  directory = workspace(t);
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  const program = join(repositoryRoot, 'test/support/stand-in-scheduler/program.mjs');
  for (const tool of TOOLS[kind])
    writeFileSync(
      join(bin, tool),
      `#!/bin/sh\nexec '${process.execPath}' '${program}' '${directory}' ${tool} "$@"\n`,
      { mode: 0o755 },
    );
  writeFileSync(join(directory, 'kind'), kind);
  let now = 1_795_352_660;
  const setClock = (): void => writeFileSync(join(directory, 'clock'), String(now));
  setClock();
  return {
    bin,
    env: { PATH: `${bin}:${process.env.PATH ?? ''}` },
    pass(seconds) {
      // A test's timer may go off once more while its directories are removed.
      if (isOver) return;
      now += seconds;
      setClock();
    },
    break: (how) => writeFileSync(join(directory, how), 'once'),
    mend: (how) => rmSync(join(directory, how), { force: true }),
  };
}

/** Ends the process groups that its state names, if they are really its own. */
function endJobs(directory: string): void {
  const file = join(directory, 'state.json');
  if (!existsSync(file)) return;
  for (const [, digits = ''] of readFileSync(file, 'utf8').matchAll(/"pid":(\d+)/g)) {
    const pid = Number(digits);
    try {
      const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`STAND_IN=${directory}`);
      if (pid > 1 && isOurs) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}
