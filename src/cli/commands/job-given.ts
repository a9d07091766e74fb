import type { JobCredential, JobDescription } from '../../jobs/index.ts';
import { LatchkeyError } from '../../kit/index.ts';
import { Context, type Session } from '../../session/index.ts';
import type { Given } from './given.ts';

/** What `--time`, `--cores` and `--memory` ask of a scheduler. @throws LatchkeyError `cli/usage` */
export function resourcesOf(given: Given): Partial<JobDescription> {
  const seconds = given.lifetime('time');
  const all = {
    wallTimeLimit: seconds === undefined ? undefined : seconds / 60,
    totalCpuCount: countOf(given, 'cores'),
    totalPhysicalMemory: countOf(given, 'memory'),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function countOf(given: Given, option: string): number | undefined {
  const text = given.text(option);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new LatchkeyError('cli/usage', `--${option} takes a whole number from 1, not "${text}"`);
}

/** Files that follow a job; they are read again in time. @throws LatchkeyError what is wrong with one */
export async function followingFiles(
  { proxy, token }: { readonly proxy?: string | undefined; readonly token?: string | undefined },
  session: Session,
): Promise<readonly JobCredential[]> {
  const wanted = [
    ...(proxy === undefined ? [] : [['x509-proxy', new Context('X509', { user_proxy: proxy })] as const]),
    ...(token === undefined ? [] : [['bearer-token', new Context('Token', { token_file: token })] as const]),
  ];
  const found: JobCredential[] = [];
  for (const [as, context] of wanted) {
    const source = session.source(await session.addContext(context));
    found.push({ source, as });
  }
  return found;
}
