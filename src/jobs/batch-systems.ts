import type { CommandResult } from '../ssh/index.ts';
import type { BatchCommand, BatchSystem } from './batch-system.ts';
import { gridEngine } from './grid-engine.ts';
import type { BatchScheme } from './service-url.ts';
import { slurm } from './slurm.ts';

/** A scheme that stands for several schedulers: the machine is asked which it has. */
export interface ProbedSystem {
  readonly probe: BatchCommand;
  /** @throws LatchkeyError `jobs/scheduler` when it is none of them */
  choose(result: CommandResult): BatchSystem;
}

/** The adaptor of each scheme. */
export const BATCH_SYSTEMS: Readonly<Partial<Record<BatchScheme, BatchSystem | ProbedSystem>>> = {
  slurm,
  sge: gridEngine,
};
