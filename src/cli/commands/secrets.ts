import { open } from 'node:fs/promises';
import { LatchkeyError, quote, Secret } from '../../kit/index.ts';
import type { Invocation } from './command.ts';

/** Bytes a MyProxy pass phrase has at least (the C server refuses shorter ones). */
const MIN_BYTES = 6;
/** Bytes read of a pass phrase file. */
const MAX_FILE_BYTES = 4096;

/** The pass phrase of an existing MyProxy credential: file, standard input or terminal. */
export async function askMyProxyPassPhrase(invocation: Invocation, username: string): Promise<Secret> {
  return (
    (await given(invocation, 'pass-phrase-file')) ??
    (await ask(invocation, `MyProxy pass phrase for ${username}: `))
  );
}

/** A new MyProxy pass phrase: asked for twice, at least six characters. */
export async function askNewMyProxyPassPhrase(
  invocation: Invocation,
  username: string,
  fileOption = 'pass-phrase-file',
): Promise<Secret> {
  const secret =
    (await given(invocation, fileOption)) ??
    (await askTwice(invocation, `New MyProxy pass phrase for ${username}: `));
  if (secret.length >= MIN_BYTES) return secret;
  throw new LatchkeyError(
    'repository/pass-phrase-policy',
    `a MyProxy pass phrase has at least ${MIN_BYTES} characters, this one has ${secret.length}`,
    { hint: 'a few unrelated words are easy to remember and hard to guess' },
  );
}

/** The pass phrase of a private key of one's own. */
export async function askKeyPassPhrase(invocation: Invocation, whose: string): Promise<Secret> {
  return (
    (await given(invocation, 'key-pass-phrase-file')) ?? (await ask(invocation, `Pass phrase of ${whose}: `))
  );
}

/** A new pass phrase for a private key: asked for twice. */
export async function askNewKeyPassPhrase(invocation: Invocation, whose: string): Promise<Secret> {
  const secret =
    (await given(invocation, 'pass-phrase-file')) ??
    (await askTwice(invocation, `New pass phrase for ${whose}: `));
  if (secret.length >= MIN_BYTES) return secret;
  throw new LatchkeyError(
    'repository/pass-phrase-policy',
    `the pass phrase of a key has at least ${MIN_BYTES} characters, this one has ${secret.length}`,
    { hint: 'only a machine that nobody else uses can do without: --no-pass-phrase' },
  );
}

/**
 * Whatever secret a machine asks for at a login.
 *
 * @param otherWay what to do without a terminal
 */
export async function askPassword(invocation: Invocation, prompt: string, otherWay: string): Promise<Secret> {
  return await askOnTerminal(invocation.context, prompt, otherWay);
}

/** The first line of a file that only its owner can read. @throws LatchkeyError `file/unsafe`, `file/io` */
export async function readPassPhraseFile(path: string): Promise<Secret> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw new LatchkeyError('file/io', `cannot read the pass phrase file ${quote(path)}`, {
      cause,
      hint: 'its first line is the pass phrase; make it readable by you alone (chmod 600)',
    });
  }
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new LatchkeyError('file/unsafe', `others can read the pass phrase file ${quote(path)}`, {
        hint: `chmod 600 ${path}`,
      });
    }
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_FILE_BYTES), 0, MAX_FILE_BYTES, 0);
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1);
    return new Secret(line);
  } finally {
    await file.close();
  }
}

async function given(invocation: Invocation, fileOption: string): Promise<Secret | undefined> {
  const path = invocation.given.text(fileOption);
  return path === undefined ? undefined : await readPassPhraseFile(path);
}

async function ask(invocation: Invocation, prompt: string): Promise<Secret> {
  const { context, given } = invocation;
  if (!given.flag('pass-phrase-stdin')) return await askOnTerminal(context, prompt);
  const line = await context.readLine();
  if (line !== undefined) return new Secret(line.replace(/\r$/, ''));
  throw new LatchkeyError('cli/no-terminal', 'standard input ended where a pass phrase was expected', {
    hint: `asked for was: ${prompt.replace(/: $/, '')}`,
  });
}

async function askTwice(invocation: Invocation, prompt: string): Promise<Secret> {
  const secret = await ask(invocation, prompt);
  if (invocation.given.flag('pass-phrase-stdin')) return secret;
  const again = await askOnTerminal(invocation.context, 'The same again: ');
  if (again.equals(secret)) return secret;
  throw new LatchkeyError('cli/usage', 'the two pass phrases differ', {
    hint: 'nothing was changed; try again',
  });
}

/** Standard input is not read unasked: what a cron job has there is somebody else's. */
async function askOnTerminal(
  context: Invocation['context'],
  prompt: string,
  otherWay = 'use --pass-phrase-stdin, or a file only you can read: --pass-phrase-file, --key-pass-phrase-file',
): Promise<Secret> {
  if (!(await context.hasTerminal())) {
    const what = prompt.replace(/: $/, '');
    throw new LatchkeyError('cli/no-terminal', `there is no terminal to ask on for: ${what}`, {
      hint: otherWay,
    });
  }
  const secret = await context.askSecret(prompt);
  if (secret !== undefined) return secret;
  throw new LatchkeyError('myproxy/cancelled', 'no pass phrase was given');
}
