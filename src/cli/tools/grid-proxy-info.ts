import { statSync } from 'node:fs';
import type { Certificate, Credential } from '../../x509/index.ts';
import {
  atoi,
  type GlobusInterface,
  globusComplaint,
  globusFileProblem,
  readGlobusOptions,
  secondsLeft,
  type Tool,
  ToolExit,
  timeLeft,
  validMinutes,
} from '../kit/index.ts';

const NUMBER = { called: 'B', missing: 'need a non-negative integer argument' };
const TIME = { called: 'H:M', missing: 'need a non-negative integer argument' };

const face: GlobusInterface = {
  tool: 'grid-proxy-info',
  synopsis: '[-help][-f proxyfile][-subject][...][-e [-h H][-b B]]',
  unknown: 'unrecognized option',
  options: [
    { names: ['-debug'], help: 'Prints the reasons of errors' },
    {
      names: ['-file', '-f'],
      value: { called: 'proxyfile', missing: 'needs a file name argument' },
      help: 'The proxy to look at',
    },
    { names: ['-exists', '-e'], help: 'Exit code 0 if there is a valid proxy, else 1' },
    { names: ['-valid', '-v'], value: TIME, help: 'With -exists: valid for that long' },
    { names: ['-hours', '-h'], value: TIME, help: 'The same in hours, deprecated' },
    { names: ['-bits', '-b'], value: NUMBER, help: 'With -exists: key of that many bits' },
    { names: ['-subject', '-s'], help: 'Prints the subject' },
    { names: ['-issuer', '-i'], help: 'Prints the issuer' },
    { names: ['-identity'], help: 'Prints whom the proxy speaks for' },
    { names: ['-type'], help: 'Prints the kind of proxy' },
    { names: ['-timeleft'], help: 'Prints the seconds that are left, -1 when it is over' },
    { names: ['-strength'], help: 'Prints the bits of the key' },
    { names: ['-all'], help: 'Prints all of the above, for people' },
    { names: ['-text'], help: 'Prints what the certificate says' },
    { names: ['-path'], help: 'Prints where the proxy is' },
    { names: ['-rfc2253'], help: 'Prints names in RFC 2253 form' },
  ],
};

/** Options that are meant for -exists only. */
const SUBOPTIONS: readonly string[] = ['-valid', '-hours', '-bits'];
const PRINTS = [
  '-subject',
  '-issuer',
  '-identity',
  '-type',
  '-timeleft',
  '-strength',
  '-all',
  '-text',
  '-path',
];

interface Choice {
  file?: string;
  isDebug: boolean;
  isRfc2253: boolean;
  exists: boolean;
  minutes: number;
  bits: number;
  /** In the order given. */
  readonly prints: string[];
}

/** `grid-proxy-info`: tells about a proxy, or whether there is one. */
export const gridProxyInfo: Tool = async (argv, context) => {
  const choice = readChoice(argv);
  const path = choice.file ?? (context.env.X509_USER_PROXY || `/tmp/x509up_u${context.uid}`);
  const credential = await readProxy(path, choice);
  const { describeFacts } = await import('../kit/proxy-facts.ts');
  const facts = describeFacts(credential, choice.isRfc2253);
  const left = secondsLeft(earliestEnd(credential.chain), context.now());
  const texts: Readonly<Record<string, () => string>> = {
    '-subject': () => facts.subject,
    '-issuer': () => facts.issuer,
    '-identity': () => facts.identity,
    '-type': () => facts.type,
    '-timeleft': () => String(left < 0 ? -1 : left),
    '-strength': () => String(facts.bits),
    '-text': () => facts.text(),
    '-path': () => path,
    '-all': () =>
      [
        `subject  : ${facts.subject}`,
        `issuer   : ${facts.issuer}`,
        `identity : ${facts.identity}`,
        `type     : ${facts.type}`,
        `strength : ${facts.bits} bits`,
        `path     : ${path}`,
        `timeleft : ${timeLeft(left)}`,
      ].join('\n'),
  };
  const prints = choice.prints.length === 0 && !choice.exists ? ['-all'] : choice.prints;
  for (const name of prints) context.out(`${texts[name]?.() ?? ''}\n`);
  return !choice.exists || (left >= choice.minutes * 60 && facts.bits >= choice.bits) ? 0 : 1;
};

function readChoice(argv: readonly string[]): Choice {
  const choice: Choice = { isDebug: false, isRfc2253: false, exists: false, minutes: 0, bits: 0, prints: [] };
  const seen = new Set<string>();
  const admit = (name: string, word: string): void => {
    if (SUBOPTIONS.includes(name) && (!choice.exists || seen.has(name))) {
      throw globusComplaint(face, word, 'suboption to -exists');
    }
    if (name === '-exists' && choice.exists) throw globusComplaint(face, word, 'can only be given once');
    seen.add(name);
  };
  const apply = (name: string, value: string, word: string): void => {
    if (PRINTS.includes(name)) choice.prints.push(name);
    else if (name === '-file') choice.file = value;
    else if (name === '-valid') choice.minutes = validMinutes(face, word, value);
    else if (name === '-hours') choice.minutes = atoi(value) * 60;
    else if (name === '-bits') choice.bits = atoi(value);
    else if (name === '-exists') choice.exists = true;
    else if (name === '-rfc2253') choice.isRfc2253 = true;
    else if (name === '-debug') choice.isDebug = true;
  };
  readGlobusOptions(face, argv, apply, admit);
  return choice;
}

async function readProxy(path: string, choice: Choice): Promise<Credential> {
  const found = statSync(path, { throwIfNoEntry: false });
  const problem = globusFileProblem(
    path,
    found && { isFile: found.isFile(), isDirectory: found.isDirectory(), mode: found.mode },
    'key',
  );
  if (problem !== undefined) throw proxyError("Couldn't find a valid proxy.", problem, choice);
  const { readFile } = await import('node:fs/promises');
  const { parseCredential } = await import('../../x509/index.ts');
  try {
    return await parseCredential(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw proxyError(`Couldn't read proxy from: ${path}`, `${reason}\n`, choice);
  }
}

function proxyError(message: string, reason: string, choice: Choice): ToolExit {
  const more = choice.isDebug ? '' : '\nUse -debug for further information.\n';
  return new ToolExit(1, { stderr: `\nERROR: ${message}\n       ${reason}${more}` });
}

function earliestEnd(chain: readonly Certificate[]): Date {
  return chain.reduce((end, { notAfter }) => (notAfter < end ? notAfter : end), new Date(8.64e15));
}
