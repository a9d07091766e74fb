import { LatchkeyError } from '../kit/index.ts';
import type { CommandResult } from '../ssh/index.ts';
import type { BatchCommand, BatchSystem } from './batch-system.ts';
import { condor } from './condor.ts';
import { gridEngine } from './grid-engine.ts';
import { lsf } from './lsf.ts';
import { pbsPro, torque } from './pbs.ts';
import type { BatchScheme } from './service-url.ts';
import { slurm } from './slurm.ts';

/** A scheme that stands for several schedulers: the machine is asked which it has. */
export interface ProbedSystem {
  readonly probe: BatchCommand;
  /** @throws LatchkeyError `jobs/scheduler` when it is none of them */
  choose(result: CommandResult): BatchSystem;
}

/** `qstat --version`: "pbs_version = 20.0.1", of Torque "Version: 6.1.2" and a commit, on either output. */
const pbs: ProbedSystem = {
  probe: { argv: ['qstat', '--version'] },
  choose({ stdout, stderr, exitCode }) {
    const said = `${stdout}\n${stderr}`;
    if (exitCode !== 127 && /pbs_version|pbspro|openpbs/i.test(said)) return pbsPro;
    if (exitCode !== 127 && /^\s*version:?\s*\d/im.test(said)) return torque;
    throw new LatchkeyError('jobs/scheduler', 'that machine has no PBS that "qstat --version" tells of', {
      hint: 'say pbspro:// or torque://, and see that qstat is in the PATH of a non-interactive login',
    });
  },
};

/** The adaptor of each scheme. */
export const BATCH_SYSTEMS: Readonly<Record<BatchScheme, BatchSystem | ProbedSystem>> = {
  slurm,
  pbs,
  pbspro: pbsPro,
  torque,
  sge: gridEngine,
  lsf,
  condor,
};
