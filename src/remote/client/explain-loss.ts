import { setTimeout as delay } from 'node:timers/promises';
import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import { formatLocation, isPyroDict, parseObjectUri } from '../../pyro/index.ts';
import { HERE } from '../link/place.ts';
import type { LinkedObject } from './linked-object.ts';
import type { AllocatedJob } from './remote-model.ts';

/** What is known of a job whose calls fail. */
export interface LossGround {
  readonly job: AllocatedJob;
  readonly machine: string;
  readonly linked: LinkedObject;
  readonly server: LinkedObject;
}

/** A scheduler may know of the end of its job a little later than we do. */
const TRIES = 6;
const AGAIN_MS = 1000;
const ASK_MS = 4000;
/** ssh may tell of the end of a connection a little later than the sockets that went through it. */
const SOON_MS = 300;

/**
 * A call failed with its connection: what is told is what became of the job, its machine and the way there, by the names that the user knows.
 * The code stays, but for a job that has ended. What the job itself threw is left as it is.
 */
export async function explainLoss(error: unknown, ground: LossGround): Promise<unknown> {
  if (!isLatchkeyError(error, 'pyro/lost') && !isLatchkeyError(error, 'pyro/timed-out')) return error;
  const { job, machine, linked } = ground;
  const host = machine === HERE ? 'this machine' : machine;
  const isLate = error.code === 'pyro/timed-out';
  if (!isLate && linked.link.cause === undefined) await delay(SOON_MS);
  const cut = linked.link.cause;
  const told = error.message.replace(
    formatLocation(parseObjectUri(job.uri).location),
    `${job.id} on ${host}`,
  );
  const as = (more: string, hint: string) =>
    new LatchkeyError(error.code, `${told}${more}`, {
      ...{ cause: cut ?? error, details: error.details, retryable: error.retryable },
      hint: error.hint === undefined || isLate ? hint : `${hint}; ${error.hint}`,
    });
  if (cut !== undefined)
    return as(`: ${cut.message}`, `is ${host} up, and does its sshd answer (ssh ${host})?`);
  const fate = await fateOf(ground);
  if (fate instanceof LatchkeyError) return fate;
  if (fate === 'silent')
    return as(
      isLate ? ', nor does its model server' : ', and its model server does not answer',
      `is ${host} frozen or cut off, or its model server ended?`,
    );
  return isLate
    ? as(
        ', though its model server says that it runs',
        'it is frozen, computes for longer than timeoutMs allows, or waits for an application that it is linked to: latchkey models logs',
      )
    : as('', 'the job still runs: only the way to it was lost for a moment');
}

async function fateOf({ job, server }: LossGround): Promise<'runs' | 'silent' | LatchkeyError> {
  const ask = (method: string, args: readonly unknown[]) =>
    Promise.race([
      server.object.call(method, args, { timeoutMs: ASK_MS, safe: true }),
      // A connection that has to be made again first takes longer than the call may.
      delay(ASK_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer'))),
    ]);
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      const facts = await ask('getJobStatus', [job.id, true]);
      if (!isPyroDict(facts)) return 'runs';
      if (facts.isLive === false) await ask('attach', [job.id, job.key.revealText()]);
      if (facts.batch === null || facts.batch === undefined) return 'runs';
    } catch (cause) {
      return isLatchkeyError(cause, 'pyro/remote') ? await jobEnded(job, server, cause) : 'silent';
    }
    await delay(AGAIN_MS);
  }
  return 'runs';
}

/** Why calls of a job fail that is no more, with what it said last. */
export async function jobEnded(
  job: AllocatedJob,
  server: LinkedObject,
  cause: LatchkeyError,
): Promise<LatchkeyError> {
  const said = await server.object
    .call('getJobLog', [job.id, 5, job.key.revealText()], { timeoutMs: ASK_MS })
    .catch(() => []);
  const log = Array.isArray(said) ? said.map(String) : [];
  return new LatchkeyError('remote/job-ended', `the job is gone: ${cause.message}`, {
    ...{ cause, details: { log } },
    hint:
      log.length === 0
        ? 'its model server knows more: latchkey models logs'
        : `it said last: ${log.join(' | ')}`,
  });
}
