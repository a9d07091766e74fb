import { LatchkeyError, quote, type Secret } from '../kit/index.ts';
import { sshFingerprint } from '../ssh/index.ts';
import type { Entry, KeyMaterial } from './entry.ts';
import { scopeRank } from './host-scope.ts';
import type { Target } from './target.ts';

/** A context that is used, or is not, and why. */
export interface Reason {
  /** `SSH 1` */
  readonly context: string;
  /** What it holds, without secrets. */
  readonly summary: string;
  readonly why: string;
}

/** Which credentials go to a host. */
export interface Choice {
  readonly user: string | undefined;
  /** Where the login name comes from: the caller, a context's name, or `undefined`: ssh decides. */
  readonly userFrom: string | undefined;
  readonly used: readonly Reason[];
  readonly skipped: readonly Reason[];
  /** Two contexts that are equally near want different login names: nobody guesses. */
  readonly conflict: LatchkeyError | undefined;
  readonly keys: readonly KeyMaterial[];
  readonly agentSocket: string | undefined;
  readonly password: Secret | undefined;
  /** Variables for gsissh. */
  readonly environment: Readonly<Record<string, string>> | undefined;
  /** True when a context that somebody added gives something to be let in with. */
  readonly isExplicit: boolean;
}

interface Candidate {
  readonly entry: Entry;
  readonly rank: number;
  readonly user: string | undefined;
}

/**
 * Decides which contexts are used for a target. Pure. Contexts that somebody added come before defaults, narrower scopes before
 * wider ones, and then the order in which they were added.
 */
export function choose(entries: readonly Entry[], target: Target): Choice {
  const skipped: Reason[] = [];
  const candidates: Candidate[] = [];
  for (const entry of entries) {
    const rank = scopeRank(entry.scope, target);
    const unfit = rank === undefined ? scopeReason(entry, target) : unfitReason(entry, target);
    if (rank === undefined || unfit !== undefined) skipped.push(reason(entry, unfit ?? ''));
    else candidates.push({ entry, rank, user: userOf(entry) });
  }
  candidates.sort((a, b) => Number(a.entry.isDefault) - Number(b.entry.isDefault) || b.rank - a.rank);
  const { user, userFrom, conflict } = chooseUser(candidates, target);
  const fitting = candidates.filter(({ entry, user: own }) => {
    if (user === undefined || own === undefined || own === user) return true;
    skipped.push(reason(entry, `it is for the login name ${quote(own)}, not ${quote(user)}`));
    return false;
  });
  return { user, userFrom, conflict, skipped, ...collect(fitting, skipped) };
}

function chooseUser(
  candidates: readonly Candidate[],
  target: Target,
): Pick<Choice, 'user' | 'userFrom' | 'conflict'> {
  if (target.user !== undefined) return { user: target.user, userFrom: 'caller', conflict: undefined };
  const claims = candidates.filter(({ user }) => user !== undefined);
  const [first] = claims;
  if (first === undefined) return { user: undefined, userFrom: undefined, conflict: undefined };
  const rival = claims.find(
    ({ rank, user, entry }) =>
      rank === first.rank && entry.isDefault === first.entry.isDefault && user !== first.user,
  );
  const names = [first, ...(rival === undefined ? [] : [rival])].map(
    ({ entry, user }) => `${entry.name} says ${quote(user ?? '')}`,
  );
  const conflict =
    rival === undefined
      ? undefined
      : new LatchkeyError(
          'session/conflict',
          `two contexts want different login names for ${quote(target.host)}: ${names.join(', ')}`,
          {
            hint: 'name the user (ssh://user@host), or give the contexts hosts of their own: { hosts: ["*.example.org"] }',
            details: { host: target.host, contexts: [first.entry.name, rival.entry.name] },
          },
        );
  return { user: first.user, userFrom: first.entry.name, conflict };
}

/** What the contexts give, in their order; of passwords, agents and proxies the first. */
function collect(
  candidates: readonly Candidate[],
  skipped: Reason[],
): Pick<Choice, 'keys' | 'agentSocket' | 'password' | 'environment' | 'used' | 'isExplicit'> {
  const used: Reason[] = [];
  const keys = new Map<string, KeyMaterial>();
  let agentSocket: string | undefined;
  let password: Secret | undefined;
  let environment: Readonly<Record<string, string>> | undefined;
  let isExplicit = false;
  for (const { entry } of candidates) {
    const { material } = entry;
    let why: string | undefined;
    if (material.type === 'key' || material.type === 'key-pair') {
      const { key } = material;
      if (key === undefined) why = material.user === undefined ? undefined : 'it gives the login name';
      else if (keys.has(sshFingerprint(key.publicKey))) {
        skipped.push(reason(entry, 'another context has the same key'));
        continue;
      } else {
        keys.set(sshFingerprint(key.publicKey), key);
        why = `its key is the ${ordinal(keys.size)} that is offered`;
      }
    } else if (material.type === 'agent' && agentSocket === undefined) {
      agentSocket = material.socket;
      why = 'the agent signs with the keys it holds';
    } else if (material.type === 'password' && password === undefined) {
      password = material.password;
      why = 'its password answers when the host asks for one';
    } else if (material.type === 'proxy' && environment === undefined) {
      environment = material.environment;
      why = 'its proxy is shown, and delegated';
    }
    if (why === undefined) skipped.push(reason(entry, 'a context before it gives the same'));
    else {
      used.push(reason(entry, why));
      isExplicit ||= !entry.isDefault && !(material.type === 'key' && material.key === undefined);
    }
  }
  return { used, keys: [...keys.values()], agentSocket, password, environment, isExplicit };
}

function userOf({ material }: Entry): string | undefined {
  return 'user' in material ? material.user : undefined;
}

/** Names of the contexts for exactly the same hosts that want another login name: without a user, going there is a conflict. */
export function rivalsOf(entry: Entry, entries: readonly Entry[]): readonly string[] {
  const user = userOf(entry);
  if (user === undefined) return [];
  const scope = JSON.stringify([entry.scope.hosts, entry.scope.schemes, entry.isDefault]);
  return entries
    .filter((other) => JSON.stringify([other.scope.hosts, other.scope.schemes, other.isDefault]) === scope)
    .filter((other) => userOf(other) !== undefined && userOf(other) !== user)
    .map(({ name }) => name);
}

function unfitReason({ material }: Entry, { scheme }: Target): string | undefined {
  if (material.type === 'proxy' && scheme !== 'gsissh') return 'plain ssh has no use for a proxy';
  if (material.type === 'token') return 'ssh has no use for a token; jobs are given it';
  if (material.type === 'ec2') return 'it is for the EC2 endpoint';
  return undefined;
}

function scopeReason({ scope }: Entry, { host, scheme }: Target): string {
  const parts = [
    ...(scope.hosts === undefined ? [] : [`hosts ${scope.hosts.join(', ')}`]),
    ...(scope.schemes === undefined ? [] : [`schemes ${scope.schemes.join(', ')}`]),
  ];
  return `it is for ${parts.join(' and ')}, not ${scheme}://${host}`;
}

function reason({ name, summary }: Entry, why: string): Reason {
  return { context: name, summary, why };
}

function ordinal(count: number): string {
  return ['1st', '2nd', '3rd'][count - 1] ?? `${count}th`;
}
