import type { TestContext } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { connectObject, type PyroDict, type RemoteObject } from '../../src/pyro/index.ts';
import { Links, modelAccess } from '../../src/remote/index.ts';
import type { ModelServerProcess } from './model-server-process.ts';

/** A model for nodes: it counts, says where it is, and ends as a program does that fails. */
export const NODE_MODEL = `
import { readFileSync } from 'node:fs';
console.log('a model on a node');
export class Counter {
  #count = 0;
  add(n) { this.#count += n; return this.#count; }
  where() { return process.cwd(); }
  pid() { return process.pid; }
  variable(name) { return process.env[name] ?? ''; }
  read(path) { return readFileSync(path, 'utf8'); }
  wait(seconds) { return new Promise((resolve) => setTimeout(resolve, seconds * 1000)); }
  fail() { console.log('diverged at step 7'); process.exit(7); }
}
export class Broken {
  constructor() { console.log('the mesh has no cells'); process.exit(3); }
}
`;

/** A job as its client knows it. */
export interface NodeJob {
  readonly id: string;
  readonly uri: string;
  readonly key: Secret;
  readonly protection: 'token' | 'hmac';
}

/** Has a job allocated by the old call with a ticket, or without. */
export async function allocateNode(
  server: RemoteObject,
  { ticket, signal }: { readonly ticket?: string; readonly signal?: AbortSignal } = {},
): Promise<NodeJob> {
  const answer = (await server.call('allocate', ['jane', ticket ?? null], {
    timeoutMs: 120_000,
    ...(signal === undefined ? {} : { signal }),
  })) as PyroDict;
  return {
    id: String(answer.jobID),
    uri: String(answer.uri),
    key: new Secret(String(answer.key)),
    protection: answer.protection as 'token' | 'hmac',
  };
}

/** Calls a method of a model over a connection of its own. */
export async function callModel(
  job: NodeJob,
  method: string,
  args: readonly unknown[] = [],
): Promise<unknown> {
  const model = await connectObject(job.uri, modelAccess(job.protection, job.key));
  try {
    return await model.call(method, args);
  } finally {
    await model.close();
  }
}

/** What `getJobStatus` says. */
export async function jobStatus(server: RemoteObject, id: string): Promise<PyroDict> {
  return (await server.call('getJobStatus', [id])) as PyroDict;
}

/** Links of a client on this machine, and what finds the server. */
export function clientOf(t: Pick<TestContext, 'after'>, { uri, key }: ModelServerProcess) {
  const links = new Links({ connect: () => Promise.reject(new Error('there is no other machine')) });
  t.after(() => links.close());
  return { finder: { lookup: async () => ({ uri }) }, options: { links, key, user: 'jane' } };
}
