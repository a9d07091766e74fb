import type { Authorization, Provider, TopFile } from '../../credmon/index.ts';
import type { LeaseDocument } from '../../daemon/index.ts';
import type { Held } from '../../keeper/index.ts';
import { formatSpan } from './lifetime.ts';

/** All that is known of one credential, from wherever it could be had. */
export interface CredmonFacts {
  readonly now: Date;
  readonly user: string;
  readonly stem: string;
  /** Undefined = no name that a credential can have. */
  readonly names: { readonly name: string; readonly handle?: string | undefined } | undefined;
  readonly provider: Provider | undefined;
  /** Which words the configuration is written in. */
  readonly writtenIn: 'condor' | 'toml';
  /** What the configuration says about it, and where: `LOCAL_CREDMON_PROVIDER_NAMES = scitokens (/etc/condor/…:3)`. */
  readonly decidedBy: readonly string[];
  readonly hasUserDirectory: boolean;
  readonly top: FileFacts | undefined;
  readonly topContents: TopFile | undefined;
  readonly use: FileFacts | undefined;
  readonly hasMeta: boolean;
  readonly held: Held | undefined;
  /** What the local issuer would decide. */
  readonly authorization: Authorization | undefined;
  /** When the user's last job was gone. */
  readonly markedAt: Date | undefined;
  readonly monitor: 'running' | 'not-running';
  readonly lease: LeaseDocument | undefined;
}

/** A file as far as rights go. */
export interface FileFacts {
  readonly mode: number;
  readonly kind: 'file' | 'link' | 'other';
  readonly isReadable: boolean;
  readonly modifiedAt: Date;
}

/** One thing that was looked at. */
interface CredmonStep {
  readonly rule: string;
  readonly passed: boolean;
  readonly explanation: string;
}

/** The answer: how it stands, why, and what to do. */
export interface CredmonExplanation {
  readonly verdict: 'good' | 'failing' | 'denied' | 'missing' | 'expired';
  readonly steps: readonly CredmonStep[];
  /** What happens by itself. */
  readonly next: string | undefined;
  /** What somebody has to do. */
  readonly remedies: readonly string[];
}

const MODES: Readonly<Record<Provider['mode'], string>> = {
  local: 'signed on this machine',
  oauth: 'renewed with the refresh token of a login',
  client: 'obtained with client credentials, for everybody',
  vault: 'fetched from a Vault',
  pelican: 'exchanged with a Pelican issuer',
};

/** Puts the facts in order, the decisive ones first. Pure. */
export function explainCredential(facts: CredmonFacts): CredmonExplanation {
  const parts = [
    nameStep(facts),
    providerStep(facts),
    requestStep(facts),
    authorizationStep(facts),
    loginStep(facts),
    tokenStep(facts),
    renewalStep(facts),
    monitorStep(facts),
    markStep(facts),
  ].filter((part) => part !== undefined);
  return {
    verdict: verdictOf(facts),
    steps: parts.map(({ step }) => step),
    next: nextOf(facts),
    remedies: [...new Set(parts.flatMap(({ remedy }) => (remedy === undefined ? [] : [remedy])))],
  };
}

interface Part {
  readonly step: CredmonStep;
  readonly remedy?: string | undefined;
}

function good(rule: string, explanation: string): Part {
  return { step: { rule, passed: true, explanation } };
}

function bad(rule: string, explanation: string, remedy?: string): Part {
  return { step: { rule, passed: false, explanation }, remedy };
}

function nameStep({ names, stem }: CredmonFacts): Part | undefined {
  if (names !== undefined) return undefined;
  return bad(
    'name',
    `"${stem}" is no name of a provider, or of a provider and a handle: PROVIDER or PROVIDER_HANDLE`,
    'CREDMON_ALLOW_SPECIAL_CHAR_NAMES = true allows other names, without handles',
  );
}

function providerStep({ names, provider, decidedBy, writtenIn }: CredmonFacts): Part | undefined {
  if (names === undefined) return undefined;
  if (provider === undefined)
    return bad(
      'provider',
      `no provider is configured for "${names.name}"`,
      writtenIn === 'toml'
        ? `add [credmon.local.${names.name}] or [credmon.oauth.${names.name}] to latchkey.toml; names are case-sensitive`
        : `name it in LOCAL_CREDMON_PROVIDER_NAMES, or define ${names.name}_CLIENT_ID; names are case-sensitive`,
    );
  const because = decidedBy.length === 0 ? '' : `: ${decidedBy.join('; ')}`;
  return good('provider', `${names.name} is ${MODES[provider.mode]}${because}`);
}

function requestStep({ user, stem, top, hasUserDirectory }: CredmonFacts): Part {
  if (!hasUserDirectory)
    return bad(
      'request',
      `${user} has asked for nothing, or all of it was swept`,
      'submit a job that needs it',
    );
  if (top === undefined)
    return bad(
      'request',
      `there is no ${stem}.top: nobody has asked for it, or it was deleted`,
      'submit a job that needs it',
    );
  if (top.kind !== 'file')
    return bad(
      'request',
      `${stem}.top is a ${top.kind === 'link' ? 'symbolic link' : 'strange thing'}, which is not followed`,
      `remove ${user}/${stem}.top`,
    );
  if (!top.isReadable) return bad('request', `${stem}.top may not be read by you`, 'ask again as root');
  if ((top.mode & 0o077) !== 0)
    return bad(
      'request',
      `${stem}.top has mode ${modeText(top.mode)}: credd wants nothing for group and others`,
      `chmod 600 ${user}/${stem}.top`,
    );
  return good('request', `${stem}.top is there since ${top.modifiedAt.toISOString()}`);
}

function authorizationStep({ authorization, provider }: CredmonFacts): Part | undefined {
  if (authorization === undefined || provider?.mode !== 'local') return undefined;
  if (authorization.denied !== undefined)
    return bad(
      'authorization',
      authorization.denied,
      `${provider.groupMapFile ?? 'the group map file'} says who is in which group; it is read again for each token`,
    );
  return good('authorization', `the token says: ${authorization.scope}`);
}

function loginStep({ provider, topContents, hasMeta, user, stem }: CredmonFacts): Part | undefined {
  if (provider?.mode !== 'oauth' || topContents === undefined) return undefined;
  const again = `log in again: condor_store_cred delete-oauth -u ${user} -s ${stem.split('_')[0]}, then submit and follow the URL`;
  if (topContents.kind === 'marker') return bad('login', `${stem}.top holds no login`, again);
  const { refreshToken, scopes = '', audience = '' } = topContents;
  const asked = `scopes "${scopes}", audience "${audience}"`;
  if (refreshToken === undefined || refreshToken.isEmpty)
    return bad(
      'login',
      `the server gave no refresh token (${asked}): it cannot be renewed`,
      'most servers want the scope offline_access for one',
    );
  if (!hasMeta && provider.tokenUrl === undefined && provider.issuer === undefined)
    return bad('login', `${stem}.meta is missing, which says where to renew`, again);
  return good('login', `a refresh token is kept; ${asked}, which a submit must ask for letter by letter`);
}

function tokenStep({ use, held, now, stem }: CredmonFacts): Part {
  if (use === undefined) return bad('token', `there is no ${stem}.use: jobs that need it are held`);
  if ((use.mode & 0o077) !== 0)
    return bad(
      'token',
      `${stem}.use has mode ${modeText(use.mode)}: HTCondor does not read it`,
      `chmod 400 it; the monitor writes 0400`,
    );
  if (held === undefined)
    return bad(
      'token',
      use.isReadable
        ? `${stem}.use has no token in it: this user was denied one, or the file is torn`
        : `${stem}.use may not be read by you`,
    );
  const { expiresAt, id, scope } = held;
  const what = [id === undefined ? '' : `jti ${id}`, scope === undefined ? '' : `scope ${scope}`]
    .filter((text) => text !== '')
    .join(', ');
  const detail = what === '' ? '' : ` (${what})`;
  if (expiresAt === undefined) return good('token', `its issuer does not say when it ends${detail}`);
  const seconds = Math.floor((expiresAt.getTime() - now.getTime()) / 1000);
  if (seconds <= 0) return bad('token', `it expired ${formatSpan(-seconds || 1)} ago${detail}`);
  return good('token', `valid for ${formatSpan(seconds)}${detail}`);
}

function renewalStep({ lease }: CredmonFacts): Part | undefined {
  if (lease === undefined) return undefined;
  const { lastError, failures, lastRenewedAt } = lease;
  if (lastError !== undefined && failures > 0)
    return bad(
      'renewal',
      `failed ${failures === 1 ? 'once' : `${failures} times in a row`}, last at ${lastError.at}: ${lastError.message} (${lastError.code})`,
      lastError.hint,
    );
  if (lastRenewedAt !== undefined) return good('renewal', `last renewed at ${lastRenewedAt}`);
  return undefined;
}

function monitorStep({ monitor, lease, top, provider, writtenIn }: CredmonFacts): Part {
  if (monitor === 'not-running')
    return bad(
      'monitor',
      'no monitor answers here: nothing is renewed, and submits may wait',
      writtenIn === 'toml'
        ? 'start it: latchkey serve, or latchkey credmon run, whichever you use'
        : 'start it: condor_on -daemon CREDMON_OAUTH',
    );
  if (lease === undefined && top !== undefined && provider !== undefined)
    return bad(
      'monitor',
      'the monitor runs and has not taken this one up',
      'kill -HUP the monitor, or read its log',
    );
  return good('monitor', 'it runs');
}

function markStep({ markedAt, user }: CredmonFacts): Part | undefined {
  if (markedAt === undefined) return undefined;
  return good(
    'mark',
    `${user} has had no job since ${markedAt.toISOString()}: credd removes all of ${user}'s credentials SEC_CREDENTIAL_SWEEP_DELAY after that`,
  );
}

function verdictOf({ authorization, held, now, lease }: CredmonFacts): CredmonExplanation['verdict'] {
  if (authorization?.denied !== undefined || lease?.lastError?.code === 'credmon/denied') return 'denied';
  if (held === undefined) return 'missing';
  if (held.expiresAt !== undefined && held.expiresAt.getTime() <= now.getTime()) return 'expired';
  return (lease?.failures ?? 0) > 0 ? 'failing' : 'good';
}

function nextOf({ lease, now, monitor }: CredmonFacts): string | undefined {
  if (lease?.nextAt === undefined || monitor === 'not-running') return undefined;
  const seconds = Math.round((new Date(lease.nextAt).getTime() - now.getTime()) / 1000);
  const when = seconds <= 0 ? 'now' : `in ${formatSpan(seconds)}`;
  return lease.failures > 0 ? `it is tried again ${when}` : `it is renewed ${when}`;
}

function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
