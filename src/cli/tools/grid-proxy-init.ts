import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  atoi,
  type GlobusInterface,
  globusComplaint,
  globusError,
  globusFileProblem,
  readGlobusOptions,
  type Tool,
  ToolExit,
  validMinutes,
} from '../kit/index.ts';

const FILE = (called: string): { called: string; missing: string } => ({
  called,
  missing: 'need a file name argument',
});

const face: GlobusInterface = {
  tool: 'grid-proxy-init',
  synopsis: '[-help][-pwstdin][-limited][-valid H:M] ...',
  unknown: 'unrecognized option',
  options: [
    { names: ['-debug'], help: 'Says which files are used, and the reasons of errors' },
    { names: ['-q'], help: 'Prints only what is needed' },
    { names: ['-verify'], help: 'Checks the certificate against the trusted authorities' },
    { names: ['-pwstdin'], help: 'Reads the pass phrase from standard input' },
    { names: ['-limited'], help: 'Makes a limited proxy' },
    { names: ['-independent'], help: 'Makes an independent proxy' },
    { names: ['-draft'], help: 'Makes a proxy of the GT3 draft' },
    { names: ['-old'], help: 'Makes a legacy proxy (CN=proxy)' },
    { names: ['-rfc'], help: 'Makes an RFC 3820 proxy (default)' },
    {
      names: ['-valid'],
      value: { called: 'h:m', missing: 'valid time argument H:M missing' },
      help: 'Lifetime (default 12:00)',
    },
    {
      names: ['-hours'],
      value: { called: 'hours', missing: 'integer argument missing' },
      help: 'The same in hours, deprecated',
    },
    {
      names: ['-bits'],
      value: { called: 'bits', missing: 'integer argument missing' },
      help: 'Size of the key {512|1024|2048|4096}',
    },
    {
      names: ['-policy'],
      value: { called: 'policyfile', missing: 'policy file name missing' },
      help: 'File with a policy to put into the proxy',
    },
    {
      names: ['-pl', '-policy-language'],
      value: { called: 'oid', missing: 'policy language missing' },
      help: 'Language of that policy',
    },
    {
      names: ['-path-length'],
      value: { called: 'l', missing: 'integer argument missing' },
      help: 'How many proxies may follow',
    },
    { names: ['-cert'], value: FILE('certfile'), help: 'Certificate to make the proxy of' },
    { names: ['-key'], value: FILE('keyfile'), help: 'Its key' },
    { names: ['-certdir'], value: FILE('certdir'), help: 'Directory of trusted authorities' },
    { names: ['-out'], value: FILE('proxyfile'), help: 'Where the new proxy goes' },
  ],
};

const RIGHTS_CLASH = '-independent, -limited and -policy/-policy-language are mutually exclusive';
const KIND_CLASH = '-old, -rfc, and -draft are mutually exclusive';
const KINDS = { '-old': 'legacy', '-rfc': 'rfc3820', '-draft': 'draft' } as const;
const BITS = [512, 1024, 2048, 4096];
const FILES = { '-cert': 'certificate', '-key': 'key', '-certdir': 'directory' } as const;

interface Choice {
  readonly given: ReadonlyMap<string, string>;
  readonly minutes: number;
  readonly rights: 'impersonation' | 'limited' | 'independent' | 'restricted';
}

const NO_CERTIFICATE = new Error(
  'no X509_USER_CERT and X509_USER_KEY, and no usercert.pem and userkey.pem in ~/.globus',
);

/** `grid-proxy-init`: makes a proxy of one's own certificate. */
export const gridProxyInit: Tool = async (argv, context) => {
  const { given, minutes, rights } = readChoice(argv);
  const isDebug = given.has('-debug');
  const { createProxy, proxyError, tellValidity } = await import('../kit/create-proxy.ts');
  const { defaultProxyPath, writeProxyFile } = await import('../../x509/index.ts');
  const { findOwnCertificate } = await import('../kit/own-certificate.ts');
  const own = await findOwnCertificate(context.env);
  const certificateFile = given.get('-cert') ?? own.certificate;
  const keyFile = given.get('-key') ?? own.key;
  if (certificateFile === undefined || keyFile === undefined) {
    throw proxyError({ isDebug }, "Couldn't find valid credentials to generate a proxy.", NO_CERTIFICATE);
  }
  if (isDebug) context.err(`\nUser Cert File: ${certificateFile}\nUser Key File: ${keyFile}\n`);
  const trustDirectory = given.get('-certdir') ?? context.env.X509_CERT_DIR;
  if (isDebug) context.err(`\nTrusted CA Cert Dir: ${trustDirectory ?? '(default)'}\n`);
  const out = resolve(given.get('-out') ?? defaultProxyPath({ ...context.env }, context.uid));
  const directory = dirname(out);
  if (!describeFile(directory)?.isDirectory) {
    throw proxyError({ isDebug }, `${directory} is not a valid directory for writing the proxy certificate.`);
  }
  if (isDebug) context.err(`\nOutput File: ${out}\n`);
  const kind = Object.entries(KINDS).find(([name]) => given.has(name))?.[1];
  const order = {
    certificateFile,
    keyFile,
    kind,
    rights,
    languageOid: given.get('-pl'),
    policy: readPolicy(given.get('-policy')),
    pathLength: pathLength(given.get('-path-length')),
    bits: atoi(given.get('-bits') ?? '2048'),
    lifetimeSeconds: minutes * 60,
    fromStdin: given.has('-pwstdin'),
    isQuiet: given.has('-q'),
    isDebug,
    verify: given.has('-verify'),
    trustDirectory: given.get('-certdir'),
  };
  const credential = await createProxy(context, order);
  await writeProxyFile(credential, out).catch((cause: unknown) => {
    throw proxyError(
      { isDebug },
      `The proxy credential could not be written to the output file: ${out}.`,
      cause,
    );
  });
  tellValidity(context, order, credential);
  return 0;
};

function readChoice(argv: readonly string[]): Choice {
  const given = new Map<string, string>();
  let minutes = 12 * 60;
  let rights: Choice['rights'] = 'impersonation';
  const claim = (name: string, wanted: Choice['rights']): void => {
    if (rights !== 'impersonation' && !(rights === wanted && wanted === 'restricted')) {
      throw globusComplaint(face, name, RIGHTS_CLASH);
    }
    rights = wanted;
  };
  readGlobusOptions(face, argv, (name, value) => {
    if (name in KINDS && Object.keys(KINDS).some((other) => given.has(other)))
      throw globusComplaint(face, name, KIND_CLASH);
    given.set(name, value);
    if (name === '-valid') minutes = validMinutes(face, name, value);
    else if (name === '-hours') minutes = Math.max(0, Math.min(atoi(value), 596_523)) * 60;
    else if (name === '-limited') claim(name, 'limited');
    else if (name === '-independent') claim(name, 'independent');
    else if (name === '-policy' || name === '-pl') claim(name, 'restricted');
    else if (name === '-bits' && !BITS.includes(atoi(value))) {
      throw globusComplaint(face, name, `value must be one of ${BITS.join(',')}`);
    } else if (name === '-path-length' && !/^\s*[+-]?(0x[0-9a-f]+|\d+)$/i.test(value)) {
      throw globusComplaint(face, name, 'requires an integer argument');
    }
    const wanted = Object.entries(FILES).find(([file]) => file === name)?.[1];
    if (wanted !== undefined) checkFile(name, value, wanted);
  });
  if (given.has('-policy') && !given.has('-pl')) {
    throw globusError(face, 'If you specify a policy file you also need to specify a policy language.');
  }
  return { given, minutes, rights };
}

function checkFile(option: string, path: string, wanted: 'certificate' | 'key' | 'directory'): void {
  const problem = globusFileProblem(path, describeFile(path), wanted);
  if (problem !== undefined) throw globusComplaint(face, option, problem);
}

function describeFile(path: string): { isFile: boolean; isDirectory: boolean; mode: number } | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && { isFile: found.isFile(), isDirectory: found.isDirectory(), mode: found.mode };
}

function readPolicy(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch {
    throw new ToolExit(1, { stderr: `\nERROR: Unable to open policies  file: ${path}\n\n` });
  }
}

function pathLength(text: string | undefined): number | undefined {
  const length = text === undefined ? -1 : Number(text);
  return length < 0 ? undefined : length;
}
