import { Secret } from '../../kit/index.ts';
import { fail, type ToolContext } from './tool.ts';

/** Bytes a MyProxy pass phrase has at least, unless it is empty. */
const MIN_BYTES = 6;

/** How a tool gets its MyProxy pass phrase. */
export interface PassPhraseChoice {
  /** `-S`: the next line of standard input. Otherwise the terminal is asked. */
  readonly fromStdin: boolean;
  readonly prompt?: string;
  /** Ask twice, as for a new pass phrase. */
  readonly verify?: boolean;
}

/** Reads a MyProxy pass phrase. @throws ToolExit when there is none to read, it is too short, or the two differ */
export async function readPassPhrase(context: ToolContext, choice: PassPhraseChoice): Promise<Secret> {
  const secret = choice.fromStdin ? await fromInput(context) : await fromTerminal(context, choice);
  if (secret.length > 0 && secret.length < MIN_BYTES) {
    throw fail(`Passphrase must be at least ${MIN_BYTES} characters long.`);
  }
  return secret;
}

async function fromInput(context: ToolContext): Promise<Secret> {
  const line = await context.readLine();
  if (line === undefined) throw fail('Error reading passphrase');
  return new Secret(line);
}

async function fromTerminal(context: ToolContext, choice: PassPhraseChoice): Promise<Secret> {
  const prompt = choice.prompt ?? 'Enter MyProxy pass phrase:';
  const secret = await context.askSecret(prompt);
  if (secret === undefined) throw fail('Error entering passphrase.');
  if (choice.verify !== true) return secret;
  const again = await context.askSecret(`Verifying - ${prompt}`);
  if (again === undefined) throw fail('Error entering passphrase.');
  if (!again.equals(secret)) throw fail('Verify failure\nError entering passphrase.');
  return secret;
}
