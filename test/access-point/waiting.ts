import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `condition` holds.
 *
 * @param patienceMs generous: only a failure waits so long
 * @throws Error naming what did not come
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  patienceMs = 30_000,
): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: did not come within ${patienceMs / 1000} s`);
    await sleep(10);
  }
}
