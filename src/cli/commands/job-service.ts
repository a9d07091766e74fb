import { parseJobId, Service } from '../../jobs/index.ts';
import { Session } from '../../session/index.ts';
import type { Invocation } from './command.ts';

/** Does something with a job service that is reached with the user's own contexts; both are closed after it. */
export async function withService<Result>(
  { given }: Invocation,
  url: string,
  act: (service: Service, session: Session) => Promise<Result>,
): Promise<Result> {
  const session = new Session();
  try {
    const service = new Service(url, { session, sandboxRoot: given.text('sandboxes') });
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
