import type { Secret } from '../../../kit/index.ts';
import { connectObject } from '../../../pyro/index.ts';
import type { StartGround } from '../start-job.ts';

/** How a job is connected to: with its key, in the way that it asks for. */
export function modelAccess(
  protection: 'token' | 'hmac',
  key: Secret,
): { readonly token: Secret } | { readonly hmacKey: Secret; readonly version: 4 } {
  return protection === 'token' ? { token: key } : { hmacKey: key, version: 4 };
}

/** Shakes hands with what answers at the reported address: only the job knows the key. */
export const proveModel: StartGround['prove'] = async ({ report }, job, signal) => {
  const object = await connectObject(report.uri, { ...modelAccess(report.protection, job.key), signal });
  await object.close();
};
