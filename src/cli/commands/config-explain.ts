import { loadSettings, type ServerSettings } from '../../daemon/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import {
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
import { configFile } from './config-file.ts';

/** What an explanation is about. */
interface Question {
  readonly command: 'GET' | 'RETRIEVE' | 'PUT' | 'STORE' | 'DESTROY' | 'INFO' | 'CHANGE' | 'TRUSTROOTS';
  readonly id: CredentialId;
  readonly client: ClientIdentity;
  readonly settings: ServerSettings;
  readonly credential: StoredCredential | undefined;
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
      stored: credential !== undefined,
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
  const settings = await loadSettings(await configFile(invocation, 1));
  const fqan = given.text('fqan');
  const id = {
    username,
    ...(given.text('credential') === undefined ? {} : { name: given.text('credential') }),
  };
  return {
    command,
    id,
    client: {
      dn: given.text('dn') ?? '<anonymous>',
      fqans: fqan === undefined ? [] : [fqan],
      isLimited: given.flag('limited'),
    },
    settings,
    credential: command === 'TRUSTROOTS' ? undefined : await readStored(invocation, settings, id),
  };
}

/** The stored credential, when this user may look into the storage directory. */
async function readStored(
  { note }: Invocation,
  settings: ServerSettings,
  id: CredentialId,
): Promise<StoredCredential | undefined> {
  try {
    const store = await FileStore.open(settings.storage);
    return await store.read(id);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    note(`latchkey: not looking at what is stored: ${why}`);
    return undefined;
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
      return plain(decideStore({ command, id, client, policy: policy.access, credential, mapping }));
    }
    case 'CHANGE':
      return { ...plain(decideOwner(client, credential)), next: 'the present pass phrase must open the key' };
    case 'INFO': {
      const decision = decideOwner(client, credential);
      return {
        ...plain(decision),
        next: 'everybody may ask; only credentials that the client owns are shown',
      };
    }
    case 'TRUSTROOTS':
      return plain(decideTrustRoots(client, settings.policy.access));
  }
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
