import { parseJobId, Service } from '../../jobs/index.ts';
import type { Session } from '../../session/index.ts';
import type { Invocation } from './command.ts';
import { jumpHosts, openSession } from './machine-session.ts';

/** Does something with a job service that is reached as the options say; it and its session are closed after it. */
export async function withService<Result>(
  invocation: Invocation,
  url: string,
  act: (service: Service, session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(invocation);
  const jump = jumpHosts(invocation);
  try {
    const service = new Service(url, {
      session: { connect: (target) => session.connect({ ...target, jump }) },
      sandboxRoot: invocation.given.text('sandboxes'),
    });
    try {
      return await act(service, session);
    } finally {
      await service.close();
    }
  } finally {
    await session.close();
  }
}

/** The address in a job's id. @throws LatchkeyError `jobs/not-found` */
export function serviceOf(id: string): string {
  return parseJobId(id).service;
}
