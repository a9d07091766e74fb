import { LruCache, runProgram } from '../../kit/index.ts';

/** Accounts are made and removed; nobody asks for them at each page. */
const KEPT_MS = 5 * 60_000;
const MOST_KNOWN = 10_000;

/** The name of a uid as the machine's directory services know it (files, LDAP, SSSD); `undefined` = it has none. */
export async function userName(uid: number): Promise<string | undefined> {
  const { code, stdout } = await runProgram('getent', ['passwd', String(uid)], { timeoutMs: 10_000 });
  const name = code === 0 ? stdout.toString('utf8').split(':', 1)[0] : undefined;
  return name === '' ? undefined : name;
}

/** {@link userName}, remembered for five minutes; not for what decides who somebody is. */
export function rememberedUserNames(ask = userName): (uid: number) => Promise<string | undefined> {
  const known = new LruCache<number, Promise<string | undefined>>(MOST_KNOWN, KEPT_MS);
  return (uid) => {
    const name = known.get(uid) ?? ask(uid).catch(() => undefined);
    known.set(uid, name);
    return name;
  };
}
