import {
  type Authorization,
  authorizationOf,
  formatStem,
  type LocalProvider,
  localTokenRequest,
  type Provider,
  readStem,
} from '../../credmon/index.ts';
import { type PlannedRenewal, planOf } from '../../keeper/index.ts';
import { type Finding, LatchkeyError, quote } from '../../kit/index.ts';
import { findWeaknesses } from '../../tokens/index.ts';
import type { Command, Invocation } from './command.ts';
import { groupMapOf } from './credmon-files.ts';
import { type CredmonPlace, findCredmon, leasesHere } from './credmon-place.ts';
import { factLines } from './facts.ts';

const DEFAULT_SPAN_SECONDS = 3 * 3600;
/** Renewals that are looked for; people are shown the first of them. */
const MOST_RENEWALS = 1_000;
const MOST_SHOWN = 20;

/** What would be done for one provider. */
interface Simulated {
  readonly provider: string;
  readonly mode: Provider['mode'];
  /** Rows for people. */
  readonly facts: readonly (readonly [string, string])[];
  /** Local: the claims, without times and `jti`. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly denied?: string;
  readonly warnings: readonly Finding[];
}

/** `latchkey credmon simulate`: what the configuration would issue or ask for, and when. Signs nothing, asks nobody. */
export const credmonSimulate: Command = async (invocation) => {
  const place = await findCredmon(invocation);
  const user = invocation.given.text('user');
  const providers = providersOf(invocation, place);
  const simulated = providers.map((provider) => simulate(provider, user ?? 'USER'));
  const plan = await planFor(invocation, place, user);
  return {
    json: {
      directory: place.settings.directory,
      user: user ?? null,
      findings: place.settings.findings,
      providers: simulated.map(({ facts: _facts, ...rest }) => rest),
      renewals: plan.map(({ lease, at, expiresAt }) => ({
        id: lease.id,
        at: at.toISOString(),
        expiresAt: expiresAt?.toISOString() ?? null,
      })),
    },
    lines: [
      ...place.settings.findings.map(({ message }) => `! ${message}`),
      ...simulated.flatMap((one) => [
        `${one.provider} (${one.mode})`,
        ...factLines(one.facts),
        ...warningLines(one),
        '',
      ]),
      ...planLines(plan),
    ],
    exitCode: simulated.some(({ denied }) => denied !== undefined) ? 3 : 0,
  };
};

function providersOf({ given }: Invocation, { settings }: CredmonPlace): readonly Provider[] {
  const [name] = given.arguments;
  if (name === undefined) return settings.namedProviders;
  const provider = settings.providerOf(readStem(name, settings)?.name ?? name);
  if (provider !== undefined) return [provider];
  throw new LatchkeyError('credmon/provider-unknown', `no provider is configured for ${quote(name)}`, {
    hint: `configured: ${settings.namedProviders.map((one) => one.name).join(', ') || 'none by name'}`,
  });
}

function simulate(provider: Provider, user: string): Simulated {
  const { mode } = provider;
  const head = { provider: provider.name, mode };
  switch (provider.mode) {
    case 'local':
      return simulateLocal(provider, user);
    case 'oauth':
    case 'client':
      return {
        ...head,
        facts: [
          ['client', provider.clientId],
          ['server', provider.tokenUrl ?? provider.issuer ?? 'the token URL of the login'],
          ['authenticates by', provider.clientAuthentication],
          ...(provider.mode === 'client'
            ? ([
                ['scope', provider.authzTemplate.replaceAll('{username}', user)],
                ['audience', provider.audience.join(' ')],
              ] as const)
            : []),
        ],
        warnings: [],
      };
    case 'vault':
      return {
        ...head,
        facts: [
          ['asks for', `tokens that live ${provider.minimumSeconds} s, every ${provider.refreshSeconds} s`],
          ['hosts', provider.trustedHosts?.join(', ') ?? 'any'],
        ],
        warnings: [],
      };
    case 'pelican':
      return {
        ...head,
        facts: [['server', provider.tokenUrl ?? 'the issuer of the stored token']],
        warnings: [],
      };
  }
}

function simulateLocal(provider: LocalProvider, user: string): Simulated {
  const head = { provider: provider.name, mode: provider.mode };
  const key = `${provider.privateKeyFile} (${provider.keyAlgorithm}, kid ${provider.keyId})`;
  const decision: Authorization = authorizationOf(provider, user, groupMapOf(provider));
  if (decision.denied !== undefined) {
    return {
      ...head,
      denied: decision.denied,
      facts: [
        ['denied', decision.denied],
        ['written', 'a .use with an empty token: credd waits for the file'],
      ],
      warnings: [],
    };
  }
  const request = localTokenRequest(provider, user, decision.scope);
  const { profile, lifetimeSeconds, issuer, subject, audience, scope, claims } = request;
  return {
    ...head,
    claims: { iss: issuer, sub: subject, aud: audience, scope, ...claims },
    facts: [
      ['profile', profile],
      ['iss', issuer],
      ['sub', subject],
      ['aud', audience.join(' ')],
      ['scope', scope],
      ['life', `${lifetimeSeconds} s`],
      ['signed with', key],
      ['written as', provider.format === 'json' ? 'JSON, one line' : 'the bare token'],
    ],
    warnings: findWeaknesses(request, provider.keyAlgorithm),
  };
}

function warningLines({ warnings }: Simulated): string[] {
  return warnings.map(({ message, rule }) => `  ! ${message}${rule === undefined ? '' : ` (${rule})`}`);
}

/** When what is there would be renewed; for a user without anything, what a first request of today would lead to. */
async function planFor(
  invocation: Invocation,
  place: CredmonPlace,
  user: string | undefined,
): Promise<readonly PlannedRenewal[]> {
  const { given, context } = invocation;
  const from = context.now();
  const until = new Date(from.getTime() + (given.lifetime('span') ?? DEFAULT_SPAN_SECONDS) * 1000);
  const { settings } = place;
  const policy = { marginSeconds: settings.sandboxRefreshSeconds + settings.scanSeconds };
  const local = providersOf(invocation, place).filter((provider) => provider.mode === 'local');
  const { leases } = user === undefined ? { leases: [] } : await leasesHere(place, user);
  const subjects =
    leases.length > 0
      ? leases.map((lease) => ({
          lease,
          held:
            lease.issuedAt === undefined
              ? undefined
              : {
                  issuedAt: new Date(lease.issuedAt),
                  expiresAt: lease.expiresAt === undefined ? undefined : new Date(lease.expiresAt),
                },
        }))
      : local.map(({ name, lifetimeSeconds }) => ({
          lease: {
            id: `${user ?? 'USER'}/${formatStem({ name })}`,
            owner: user ?? 'USER',
            kind: 'token',
            provider: name,
          },
          held: undefined,
          lifetimeSeconds,
        }));
  return planOf(subjects, { from, until, policy, maxRenewals: MOST_RENEWALS });
}

function planLines(plan: readonly PlannedRenewal[]): string[] {
  if (plan.length === 0) return ['nothing to renew in that time'];
  const rows = plan.slice(0, MOST_SHOWN).map(({ lease, at, expiresAt }) => {
    const end = expiresAt === undefined ? '' : `, valid until ${expiresAt.toISOString()}`;
    return `  ${at.toISOString()}  ${lease.id}${end}`;
  });
  const more = plan.length - rows.length;
  return ['renewals to come:', ...rows, ...(more > 0 ? [`  … and ${more} more`] : [])];
}
