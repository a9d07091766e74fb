import type { Credd } from './credd.ts';
import { type CredentialRequest, localPart } from './credential-name.ts';
import type { Pool } from './pool.ts';
import type { ToolResult } from './results.ts';
import type { Schedd } from './schedd.ts';

/** A job as the queue holds it. */
export interface Job {
  readonly cluster: number;
  readonly owner: string;
  /** `OAuthServicesNeeded`: `svc` or `svc*handle`. */
  readonly oauthServicesNeeded: readonly string[];
}

/** What `condor_submit` printed, and the job if there is one. */
export interface Submission extends ToolResult {
  readonly job?: Job;
  /** The URL to be visited. */
  readonly url?: string;
}

/**
 * `condor_submit`: reads the description's OAuth lines, asks credd, and queues the job only when all is there.
 *
 * @throws TypeError for a description that condor_submit would not take
 */
export async function submit(
  pool: Pool,
  credd: Credd,
  schedd: Schedd,
  user: string,
  description: string,
): Promise<Submission> {
  const requests = credentialRequests(description);
  pool.tell(
    'condor_submit',
    `${localPart(user)} submits; needs ${requests.map(neededName).join(', ') || 'nothing'}`,
  );
  const needsCheck = requests.length > 0 || pool.addLocalProviders;
  const answer = needsCheck ? await credd.check(user, requests) : ({ type: 'ok' } as const);
  const first = 'Submitting job(s)';
  switch (answer.type) {
    case 'visit':
      return {
        exitCode: 1,
        stdout: `${first}\n\nHellow, ${localPart(user)}.\nPlease visit: ${answer.url}\n\n\n`,
        stderr: '',
        url: answer.url,
      };
    case 'error':
      return {
        exitCode: 1,
        stdout: first,
        stderr: `\nERROR: Failed to process job credential requests: '${answer.text}'; BAILING OUT.\n`,
      };
    case 'ok': {
      const job = schedd.queue(localPart(user), requests.map(neededName));
      const stdout = `${first}.\n1 job(s) submitted to cluster ${job.cluster}.\n`;
      return { exitCode: 0, stdout, stderr: '', job };
    }
  }
}

/** The requests of a submit description, by the rules for `use_oauth_services` and `<P>_oauth_permissions[_<H>]`. */
export function credentialRequests(description: string): CredentialRequest[] {
  const commands = new Map<string, string>();
  for (const line of description.split('\n')) {
    const match = /^\s*([A-Za-z0-9_.\-+]+)\s*=(.*)$/.exec(line);
    if (match) commands.set((match[1] ?? '').toLowerCase(), (match[2] ?? '').trim());
  }
  const list = commands.get('use_oauth_services') ?? commands.get('useoauthservices') ?? '';
  const services = list.split(/[\s,]+/).filter((name) => name !== '');
  const byService = new Map(services.map((name) => [name, new Map<string, CredentialRequest>()]));
  for (const [key, value] of commands) {
    const match = /^(.+)_oauth_(permissions|resource|options)(?:.(.*))?$/.exec(key);
    if (match === null) continue;
    const service = services.find((name) => name.toLowerCase() === match[1]);
    if (service === undefined)
      throw new TypeError(`${key} is for a service that is not in use_oauth_services`);
    const handle = spelledHandle(description, key, match[3] ?? '');
    const handles = byService.get(service);
    const before = handles?.get(handle) ?? { service, handle };
    const more = { permissions: { scopes: value }, resource: { audience: value }, options: {} }[
      match[2] as 'permissions' | 'resource' | 'options'
    ];
    handles?.set(handle, { ...before, ...more });
  }
  return [...byService].flatMap(([service, handles]) =>
    handles.size === 0 ? [{ service }] : [...handles.values()],
  );
}

/** Keys are compared without case, handles keep the case they were written in. */
function spelledHandle(description: string, key: string, handle: string): string {
  const written = description.split('\n').find((line) => line.trim().toLowerCase().startsWith(key));
  const at = key.length - handle.length;
  return handle === '' ? '' : (written?.trim().slice(at, key.length) ?? handle);
}

function neededName({ service, handle }: CredentialRequest): string {
  return handle === undefined || handle === '' ? service : `${service}*${handle}`;
}
