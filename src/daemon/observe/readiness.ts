import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import type { LeaseFigures } from './lease-figures.ts';

/** A renewal that is due and waits this long for nothing but its turn: something hangs. */
const STUCK_SECONDS = 60;

/** Whether the monitor does its work, check by check: `ok`, or what is wrong. */
export interface Readiness {
  readonly ok: boolean;
  readonly checks: Readonly<Record<'scan' | 'directory' | 'schedule', string>>;
}

/** The state of affairs that {@link judgeReadiness} looks at. */
export interface ReadinessFacts {
  readonly hasScanned: boolean;
  /** `ok` or what is wrong with the directory. */
  readonly directory: string;
  readonly figures: Pick<LeaseFigures, 'stuck'>;
}

/** Pure. */
export function judgeReadiness({ hasScanned, directory, figures: { stuck } }: ReadinessFacts): Readiness {
  const isStuck = stuck !== undefined && stuck.seconds > STUCK_SECONDS;
  const checks = {
    scan: hasScanned ? 'ok' : 'the first look at the credential directory is not finished',
    directory,
    schedule: isStuck ? `${stuck.leaseId} has been due for ${Math.round(stuck.seconds)} s` : 'ok',
  };
  return { ok: Object.values(checks).every((check) => check === 'ok'), checks };
}

/** `ok` when files can be made in `path`, else what is wrong; never throws. */
export async function directoryCheck(path: string): Promise<string> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail } = await statfs(path);
    return bavail > 0 ? 'ok' : `there is no space left for ${path}`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return `cannot write in ${path}: ${code}`;
  }
}
