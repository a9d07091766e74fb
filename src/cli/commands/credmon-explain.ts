import { lstatSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import {
  type Authorization,
  authorizationOf,
  isUserName,
  type Provider,
  readStem,
} from '../../credmon/index.ts';
import type { LeaseDocument } from '../../daemon/index.ts';
import { isLatchkeyError, LatchkeyError, quote } from '../../kit/index.ts';
import type { Command } from './command.ts';
import {
  type CredmonExplanation,
  type CredmonFacts,
  explainCredential,
  type FileFacts,
} from './credmon-explanation.ts';
import { type FoundCredentialFile, groupMapOf, leasesFromFiles, readStemFiles } from './credmon-files.ts';
import { type CredmonPlace, findCredmon, runningCredmonIfAny } from './credmon-place.ts';

const EXIT: Readonly<Record<CredmonExplanation['verdict'], number>> = {
  good: 0,
  failing: 1,
  denied: 3,
  missing: 5,
  expired: 5,
};

const VERDICTS: Readonly<Record<CredmonExplanation['verdict'], string>> = {
  good: 'all is well',
  failing: 'valid now, but it is not being renewed',
  denied: 'denied',
  missing: 'there is no token',
  expired: 'expired',
};

/** `latchkey credmon explain NAME`: how a credential stands, why, when it is tried next and what to do. */
export const credmonExplain: Command = async (invocation) => {
  const place = await findCredmon(invocation);
  const { user, stem } = readTarget(invocation.given.argument(0), place.settings.directory);
  const facts = await gather(place, { user, stem, now: invocation.context.now() });
  const explanation = explainCredential(facts);
  const { verdict, steps, next, remedies } = explanation;
  return {
    json: { credential: `${user}/${stem}`, ...explanation },
    lines: [
      `${user}/${stem}: ${VERDICTS[verdict]}`,
      ...steps.map(({ rule, passed, explanation: text }) => `  ${passed ? '✔' : '✘'} ${rule}: ${text}`),
      ...(next === undefined ? [] : [`next: ${next}`]),
      ...remedies.map((remedy) => `to do: ${remedy}`),
    ],
    exitCode: EXIT[verdict],
  };
};

/** `alice/mytokens_read`, or the path of one of its files. */
export function readTarget(
  text: string,
  directory: string,
): { readonly user: string; readonly stem: string } {
  const inside = text.startsWith('/') || text.startsWith('.') ? relative(directory, resolve(text)) : text;
  const [user = '', file = '', ...rest] = inside.split('/');
  const stem = file.replace(/\.(top|use|meta)$/, '');
  if (isUserName(user) && stem !== '' && rest.length === 0) return { user, stem };
  throw new LatchkeyError('cli/usage', `${quote(text)} names no credential`, {
    hint: `write USER/NAME as latchkey credmon list does, or the path of a file below ${directory}`,
  });
}

async function gather(
  place: CredmonPlace,
  { user, stem, now }: Pick<CredmonFacts, 'user' | 'stem' | 'now'>,
): Promise<CredmonFacts> {
  const { settings, state } = place;
  const { directory } = settings;
  const names = readStem(stem, settings);
  const provider = names === undefined ? undefined : settings.providerOf(names.name);
  const monitor = await runningCredmonIfAny(place);
  const id = `${user}/${stem}`;
  const files = look(directory, () => readStemFiles(directory, user, stem));
  const lease: LeaseDocument | undefined =
    monitor === undefined
      ? (await leasesFromFiles(settings, state?.journal, user)).find((one) => one.id === id)
      : await monitor.lease(id).catch((error: unknown) => {
          if (isLatchkeyError(error, 'credmon/not-found')) return undefined;
          throw error;
        });
  return {
    now,
    user,
    stem,
    names,
    provider,
    writtenIn: place.writtenIn,
    decidedBy: names === undefined ? [] : place.decidedBy(names.name),
    hasUserDirectory: lstatSync(join(directory, user), { throwIfNoEntry: false })?.isDirectory() === true,
    top: factsOf(files.top),
    topContents: files.topContents,
    use: factsOf(files.use),
    hasMeta: files.meta !== undefined,
    held: files.held,
    authorization: authorizationFor(provider, user),
    markedAt: lstatSync(join(directory, `${user}.mark`), { throwIfNoEntry: false })?.mtime,
    monitor: monitor === undefined ? 'not-running' : 'running',
    lease,
  };
}

function look<Value>(directory: string, act: () => Value): Value {
  try {
    return act();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EACCES')) throw cause;
    throw new LatchkeyError('credmon/not-allowed', `you may not look into ${quote(directory)}`, {
      hint: 'the directory is for root and the condor group: ask with sudo; your own credentials are on the web page',
      cause,
    });
  }
}

function factsOf(file: FoundCredentialFile | undefined): FileFacts | undefined {
  if (file === undefined) return undefined;
  const { mode, kind, modifiedAt, bytes } = file;
  return { mode, kind, modifiedAt, isReadable: bytes !== undefined };
}

/** What the local issuer would say; what cannot be known here is left out. */
function authorizationFor(provider: Provider | undefined, user: string): Authorization | undefined {
  if (provider?.mode !== 'local') return undefined;
  try {
    return authorizationOf(provider, user, groupMapOf(provider));
  } catch {
    return undefined;
  }
}
