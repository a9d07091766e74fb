import { stat } from 'node:fs/promises';
import { loadSettings, openEnvelope, type ServerSettings } from '../../daemon/index.ts';
import { isLatchkeyError, LatchkeyError, quote } from '../../kit/index.ts';
import { noCredentialsLines } from '../../myproxy/index.ts';
import {
  ANONYMOUS_DN,
  type ClientIdentity,
  type CredentialId,
  checkAcceptedMapping,
  type Decision,
  type DecisionStep,
  decideAuthenticated,
  decideOwner,
  decideRetrieval,
  decideStore,
  decideTrustRoots,
  FileStore,
  isEncrypted,
  planAuthentication,
  type StoredCredential,
} from '../../repository/index.ts';
import { formatOneline, identityOf, parseCertificates } from '../../x509/index.ts';
import type { Command, Invocation } from './command.ts';
import { configFile, storageOf } from './config-file.ts';

/** What an explanation is about. */
interface Question {
  readonly command: 'GET' | 'RETRIEVE' | 'PUT' | 'STORE' | 'DESTROY' | 'INFO' | 'CHANGE' | 'TRUSTROOTS';
  readonly id: CredentialId;
  readonly client: ClientIdentity;
  readonly settings: ServerSettings;
  readonly credential: StoredCredential | undefined;
  /** INFO: how many of the credentials asked about belong to the client. */
  readonly owned: number;
}

/** The answer: the verdict, each rule that was looked at, and what the client still has to show. */
interface Answer {
  readonly allowed: boolean;
  readonly steps: readonly DecisionStep[];
  /** What the server would tell the client. */
  readonly reply: readonly string[];
  /** What happens next, in a sentence. */
  readonly next?: string;
}

const COMMANDS: Readonly<Record<string, Question['command']>> = {
  get: 'GET',
  logon: 'GET',
  retrieve: 'RETRIEVE',
  put: 'PUT',
  init: 'PUT',
  store: 'STORE',
  destroy: 'DESTROY',
  info: 'INFO',
  change: 'CHANGE',
  passwd: 'CHANGE',
  trustroots: 'TRUSTROOTS',
};

/** `latchkey config explain COMMAND --dn DN --user NAME`: the server's own decision functions, step by step. Exit code 3 for a refusal. */
export const configExplain: Command = async (invocation) => {
  const question = await questionOf(invocation);
  const answer = await answerTo(question);
  const { command, id, client, credential } = question;
  const what =
    command === 'TRUSTROOTS'
      ? 'the trust roots'
      : `${quote(id.username)}${id.name === undefined ? '' : `, credential ${quote(id.name)}`}`;
  return {
    json: {
      command,
      username: id.username,
      credential: id.name ?? null,
      client: client.dn,
      stored: credential !== undefined || question.owned > 0,
      ...answer,
    },
    lines: [
      `may ${client.dn} ${command} ${what}?`,
      ...answer.steps.map(
        ({ rule, passed, explanation }) => `  ${markOf(passed, answer.allowed)} ${rule}: ${explanation}`,
      ),
      answer.allowed ? 'yes' : 'no',
      ...(answer.next === undefined ? [] : [`  then: ${answer.next}`]),
      ...(answer.reply.length === 0
        ? []
        : ['the client is told:', ...answer.reply.map((line) => `  ${line}`)]),
    ],
    exitCode: answer.allowed ? 0 : 3,
  };
};

/** A rule that did not pass is no fault where another one let the client in. */
function markOf(passed: boolean, allowed: boolean): string {
  if (passed) return '✔';
  return allowed ? '·' : '✘';
}

async function questionOf(invocation: Invocation): Promise<Question> {
  const { given } = invocation;
  const word = given.argument(0).toLowerCase();
  const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (command === undefined) {
    throw new LatchkeyError('cli/usage', `${quote(word)} is nothing a client can ask for`, {
      hint: `one of ${Object.keys(COMMANDS).join(', ')}`,
    });
  }
  const username = given.text('user') ?? '';
  if (username === '' && command !== 'TRUSTROOTS') {
    throw new LatchkeyError('cli/usage', 'which account? --user NAME says so');
  }
  const settings = await loadSettings(await configFile(invocation, 1), storageOf(invocation));
  const fqan = given.text('fqan');
  const dn = given.text('dn') ?? ANONYMOUS_DN;
  const id = {
    username,
    ...(given.text('credential') === undefined ? {} : { name: given.text('credential') }),
  };
  return {
    command,
    id,
    client: {
      dn,
      fqans: fqan === undefined ? [] : [fqan],
      isLimited: given.flag('limited'),
    },
    settings,
    ...(command === 'TRUSTROOTS'
      ? { credential: undefined, owned: 0 }
      : await readStored(invocation, settings, { command, id, dn })),
  };
}

/** What is stored, as far as a question needs it. */
type Stored = Pick<Question, 'credential' | 'owned'>;

/** @throws LatchkeyError when this user may not look: an answer that ignores what is stored would be a wrong one */
async function readStored(
  { note }: Invocation,
  settings: ServerSettings,
  {
    command,
    id,
    dn,
  }: { readonly command: Question['command']; readonly id: CredentialId; readonly dn: string },
): Promise<Stored> {
  if ((await stat(settings.storage).catch(() => undefined)) === undefined) {
    note(`latchkey: nothing is stored: ${settings.storage} does not exist`);
    return { credential: undefined, owned: 0 };
  }
  const envelope = await openEnvelope(settings.sealing.serverKeys);
  const store = await FileStore.open(settings.storage, { envelope }).catch((error: unknown) => {
    if (!isLatchkeyError(error)) throw error;
    throw new LatchkeyError(error.code, `cannot look at what is stored: ${error.message}`, {
      hint: `ask as the server's user: setpriv --reuid=USER --regid=GROUP --clear-groups latchkey config explain ${command.toLowerCase()} …`,
      cause: error,
    });
  });
  try {
    if (command !== 'INFO') return { credential: await store.read(id), owned: 0 };
    let owned = 0;
    for await (const found of store.list(id.username)) {
      if (found.owner === dn && (id.name === undefined || found.name === id.name)) owned += 1;
    }
    return { credential: undefined, owned };
  } finally {
    await store.close();
  }
}

async function answerTo(question: Question): Promise<Answer> {
  const { command, id, client, settings, credential } = question;
  switch (command) {
    case 'GET':
    case 'RETRIEVE':
      return retrieval({ ...question, command });
    case 'PUT':
    case 'STORE':
    case 'DESTROY': {
      const { policy } = settings;
      const mapping = await checkAcceptedMapping(client.dn, id.username, {
        file: policy.acceptedMapFile,
        program: policy.acceptedMapProgram,
      });
      const decision = decideStore({ command, id, client, policy: policy.access, credential, mapping });
      return {
        ...plain(decision),
        ...(decision.allowed && command !== 'DESTROY' && { next: conditionsOf(policy, command) }),
      };
    }
    case 'CHANGE':
      return { ...plain(decideOwner(client, credential)), next: 'the present pass phrase must open the key' };
    case 'INFO':
      return information(question);
    case 'TRUSTROOTS':
      return plain(decideTrustRoots(client, settings.policy.access));
  }
}

/** What is judged only when the credential comes. */
function conditionsOf(policy: ServerSettings['policy'], command: 'PUT' | 'STORE'): string {
  const { passPhrasePolicyProgram: program, maxCredentialLifetimeSeconds: most } = policy;
  return [
    'its certificates must be valid',
    ...(most ? [`for at most ${most / 3600} hours`] : []),
    ...(command === 'PUT' ? ['a pass phrase has at least 6 characters'] : []),
    ...(command === 'PUT' && program !== undefined ? [`${program} must accept it`] : []),
  ].join(', ');
}

/** Everybody may ask; a client is shown its own credentials. */
function information({ id, client, owned }: Question): Answer {
  const passed = owned > 0;
  const explanation = `${owned} of the credentials belong to "${client.dn}"`;
  const steps = [{ rule: 'owner', passed, explanation }];
  const reply = passed ? [] : noCredentialsLines({ id, dn: client.dn });
  return {
    allowed: passed,
    steps,
    reply,
    next: 'everybody may ask; only credentials that the client owns are shown',
  };
}

function retrieval(question: Question & { readonly command: 'GET' | 'RETRIEVE' }): Answer {
  const { command, id, client, settings, credential } = question;
  const { policy } = settings;
  const chain = credential === undefined ? [] : parseCertificates(credential.pem.revealText());
  const identity = identityOf(chain);
  const request = {
    command,
    id,
    client,
    policy: policy.access,
    credential,
    ...(identity === undefined ? {} : { identity: formatOneline(identity) }),
  };
  const decision = decideRetrieval(request);
  if (!decision.allowed || credential === undefined) return plain(decision);
  const plan = planAuthentication(decision, {
    isEncrypted: isEncrypted(credential.pem),
    hasPassPhrase: true,
  });
  if (plan.kind === 'refused') {
    return {
      allowed: false,
      steps: decision.steps,
      reply: plan.lines,
      next: 'it is stored without pass phrase, and the client is neither a trusted retriever nor a renewer',
    };
  }
  const after = decideAuthenticated(request, decision, {
    by: plan.kind,
    clientIsLimited: client.isLimited,
    credentialIsLimited: false,
    ignoreLimited: policy.ignoreLimitedProxies,
  });
  const steps = [...decision.steps, ...after.steps];
  if (!after.allowed) return { allowed: false, steps, reply: after.lines };
  const limited = after.issueLimited ? '; it gets a limited proxy' : '';
  return { allowed: true, steps, reply: [], next: `${NEXT[plan.kind]}${limited}` };
}

const NEXT: Readonly<Record<'pass-phrase' | 'none' | 'certificate', string>> = {
  'pass-phrase': 'the pass phrase must open the stored key',
  none: 'nothing more: it is a trusted retriever of a key in the clear',
  certificate: "it must prove, by a signature, that it holds a credential of the stored one's identity",
};

function plain(decision: Decision): Answer {
  return { allowed: decision.allowed, steps: decision.steps, reply: decision.lines };
}
