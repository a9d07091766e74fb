import { parseJobId, parseServiceUrl, Service } from '../../jobs/index.ts';
import type { Session } from '../../session/index.ts';
import type { Invocation } from './command.ts';
import type { MachineToStart } from './ec2-machine.ts';
import type { Given } from './given.ts';
import { jumpHosts, openSession } from './machine-session.ts';

/**
 * Does something with a job service that is reached as the options say; it and its session are closed after it.
 *
 * @param start describes the machine of `ec2://`; without it none is started
 */
export async function withService<Result>(
  invocation: Invocation,
  url: string,
  act: (service: Service, session: Session) => Promise<Result>,
  start?: (given: Given, session: Session) => Promise<MachineToStart>,
): Promise<Result> {
  const session = await openSession(invocation);
  const jump = jumpHosts(invocation);
  let machine: MachineToStart | undefined;
  try {
    if (parseServiceUrl(url).via === 'ec2') machine = await start?.(invocation.given, session);
    const service = new Service(url, {
      session: { connect: (target) => session.connect({ ...target, jump }) },
      ec2: machine?.options,
      sandboxRoot: invocation.given.text('sandboxes'),
    });
    try {
      return await act(service, session);
    } catch (error) {
      // Anything else may tell of a machine that could not be ended.
      const isAborted = error instanceof Error && error.name === 'AbortError';
      throw (isAborted ? machine?.interruption() : undefined) ?? error;
    } finally {
      await service.close();
    }
  } finally {
    machine?.forget();
    await session.close();
  }
}

/** The address in a job's id. @throws LatchkeyError `jobs/not-found` */
export function serviceOf(id: string): string {
  return parseJobId(id).service;
}
