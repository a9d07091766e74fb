import { LatchkeyError } from '../kit/index.ts';
import type { SchemaName } from './api-schemas.ts';
import { credentialOf } from './dashboard-routes.ts';
import type { CredentialView } from './dependencies.ts';
import { type Frame, isOperator, type WebContext } from './frame.ts';
import { listLinks } from './links-routes.ts';
import { summarize } from './operator-summary.ts';

/** One operation of the API: the row that makes both the route and its description. */
export interface Operation {
  readonly id: string;
  readonly method: 'get' | 'post';
  /** Below `/api/v1`, with `{name}` parameters. */
  readonly path: string;
  readonly summary: string;
  readonly access: 'anyone' | 'user' | 'operator';
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: SchemaName;
  readonly answer: SchemaName | 'any';
  /** What can go wrong besides a missing sign-in. */
  readonly problems?: readonly number[];
  run(frame: Frame, c: WebContext): Promise<object>;
}

/** Every operation but the description of them. */
export const OPERATIONS: readonly Operation[] = [
  {
    id: 'getSession',
    method: 'get',
    path: '/session',
    summary: 'Who you are here',
    access: 'user',
    answer: 'Session',
    run: async (frame, c) => ({ user: c.var.browser.user, isOperator: isOperator(frame, c) }),
  },
  {
    id: 'createSession',
    method: 'post',
    path: '/sessions',
    summary: 'Sign in with a code of `latchkey web code`',
    access: 'anyone',
    body: 'Code',
    answer: 'NewSession',
    problems: [400, 403, 429],
    run: createSession,
  },
  {
    id: 'listCredentials',
    method: 'get',
    path: '/credentials',
    summary: 'Your credentials; operators may ask for everybody’s',
    access: 'user',
    query: {
      owner: 'Only this user’s; `*` = everybody’s. Default: your own; on the operator socket everybody’s.',
    },
    answer: 'Credentials',
    problems: [403],
    run: listCredentials,
  },
  {
    id: 'getCredential',
    method: 'get',
    path: '/credentials/{owner}/{name}',
    summary: 'One credential',
    access: 'user',
    answer: 'Credential',
    problems: [404],
    run: async (frame, c) => credentialJson(await requireCredential(frame, c), frame.deps.clock.now()),
  },
  {
    id: 'renewCredential',
    method: 'post',
    path: '/credentials/{owner}/{name}/renew',
    summary: 'Renew it now',
    access: 'user',
    answer: 'Credential',
    problems: [404, 502],
    run: async (frame, c) => {
      const { id } = await requireCredential(frame, c);
      await frame.deps.credentials.renew(id);
      return credentialJson(await requireCredential(frame, c), frame.deps.clock.now());
    },
  },
  {
    id: 'revokeCredential',
    method: 'post',
    path: '/credentials/{owner}/{name}/revoke',
    summary: 'Take it away, and tell its issuer',
    access: 'user',
    answer: 'Credentials',
    problems: [404, 502],
    run: async (frame, c) => {
      const { id, owner } = await requireCredential(frame, c);
      await frame.deps.credentials.revoke(id);
      return credentialsJson(await frame.deps.credentials.list(owner), frame.deps.clock.now());
    },
  },
  {
    id: 'listLinks',
    method: 'get',
    path: '/links',
    summary: 'The links between machines that your programs hold; operators may ask for everybody’s',
    access: 'user',
    query: {
      owner: 'Only this user’s; `*` = everybody’s. Default: your own; on the operator socket everybody’s.',
    },
    answer: 'Links',
    problems: [403, 404],
    run: listLinks,
  },
  {
    id: 'getOverview',
    method: 'get',
    path: '/operator',
    summary: 'Providers, failures by cause, what ends next',
    access: 'operator',
    answer: 'Overview',
    run: async ({ deps }) => {
      const now = deps.clock.now();
      const summary = summarize(await deps.credentials.list(), deps.credentials.breakers(), now);
      return {
        ...summary,
        upcoming: summary.upcoming.map((view) => credentialJson(view, now)),
        unserved: deps.credentials.unserved(),
      };
    },
  },
];

async function createSession(frame: Frame, c: WebContext): Promise<object> {
  const body: unknown = await c.req.json().catch(() => undefined);
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
  if (typeof code !== 'string')
    throw new LatchkeyError('web/bad-request', 'expected a JSON object with the string "code"');
  const proof = await frame.redeem(c, code);
  if (proof === 'blocked')
    throw new LatchkeyError('web/too-many', 'too many wrong codes', { hint: 'wait five minutes' });
  if (proof === 'wrong')
    throw new LatchkeyError(
      'web/not-allowed',
      'this code is not valid, has been used, or is older than five minutes',
      {
        hint: 'make a new one with: latchkey web code',
      },
    );
  const { value, endsAt } = frame.browsers.signIn(proof.user);
  return { user: proof.user, token: value, endsAt };
}

async function listCredentials(frame: Frame, c: WebContext): Promise<object> {
  const { user } = c.var.browser;
  const asked = c.req.query('owner') ?? user ?? '*';
  if (asked !== user && !isOperator(frame, c))
    throw new LatchkeyError('web/not-allowed', 'only operators see the credentials of others');
  const views = await frame.deps.credentials.list(asked === '*' ? undefined : asked);
  return credentialsJson(views, frame.deps.clock.now());
}

async function requireCredential(frame: Frame, c: WebContext): Promise<CredentialView> {
  const view = await credentialOf(frame, c, c.req.param('owner') ?? '', c.req.param('name') ?? '');
  if (view === undefined) throw new LatchkeyError('web/not-found', 'there is no such credential of yours');
  return view;
}

function credentialsJson(views: readonly CredentialView[], now: Date): object {
  return { credentials: views.map((view) => credentialJson(view, now)) };
}

/** A view as the API shows it; dates become ISO 8601 by themselves. */
function credentialJson(view: CredentialView, now: Date): object {
  const left = view.expiresAt === undefined ? undefined : view.expiresAt.getTime() - now.getTime();
  return { ...view, ...(left === undefined ? {} : { secondsLeft: Math.floor(left / 1_000) }) };
}
