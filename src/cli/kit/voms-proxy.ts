import { readFileSync } from 'node:fs';
import { parsePem } from '../../asn1/index.ts';
import { isLatchkeyError } from '../../kit/index.ts';
import {
  type AttributeCertificate,
  dressCredential,
  type ObtainedAttributes,
  parseAttributeCertificate,
  unevenEnds,
} from '../../voms/index.ts';
import {
  type Credential,
  type Extension,
  loadTrustDirectory,
  locateTrustDirectory,
  type ProxyType,
  validatePath,
  writeProxyFile,
} from '../../x509/index.ts';
import { asctime, secondsLeft } from './time-text.ts';
import { fail, type ToolContext, ToolExit } from './tool.ts';
import { unevenWarning } from './voms-contact.ts';
import type { VomsProxyOptions } from './voms-proxy-options.ts';

/** `-include`: the contents of a file, as the C++ tool puts them. */
const INCLUDED_FILE = '1.3.6.1.4.1.8005.100.100.2';
const MAX_INCLUDED_BYTES = 1 << 18;

/** A proxy that was written. */
export interface MadeProxy {
  readonly credential: Credential;
  /** All attribute certificates in it: those that were obtained, and those of a file. */
  readonly certificates: readonly AttributeCertificate[];
}

/** Makes the proxy and writes it, telling so as the C++ tool does. @throws ToolExit */
export async function makeProxy(
  context: ToolContext,
  options: VomsProxyOptions,
  parts: {
    readonly credential: Credential;
    readonly obtained: readonly ObtainedAttributes[];
    readonly out: string;
    readonly say: (text: string) => void;
  },
): Promise<MadeProxy> {
  const { credential, obtained, out, say } = parts;
  const certificates = [
    ...obtained.map(({ certificate }) => certificate),
    ...readAttributes(options.text('includeac')),
  ];
  const included = options.text('include');
  const extensions = included === undefined ? [] : [includedFile(included)];
  say('Creating proxy ');
  const dressed = await dressCredential(credential, {
    certificates,
    extensions,
    now: context.now(),
    lifetimeSeconds: options.proxyMinutes * 60,
    key: { type: 'rsa', bits: options.bits },
    type: typeOf(options),
    limited: options.has('limited'),
  }).catch((error: unknown) => {
    if (!isLatchkeyError(error)) throw error;
    say('\n');
    const hint = error.hint === undefined ? '' : `\n  hint: ${error.hint}`;
    throw fail(`\nERROR: Cannot make the proxy: ${error.message}${hint}`);
  });
  await writeProxyFile(dressed, out).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new ToolExit(1, { stderr: `\nERROR: Cannot write proxy to: ${out}\n  ${why}\n` });
  });
  say(' Done\n\n');
  return { credential: dressed, certificates };
}

function typeOf(options: VomsProxyOptions): ProxyType {
  const policy = options.text('policy');
  const languageOid = options.text('policy-language');
  return {
    kind: options.kind ?? 'rfc3820',
    rights: languageOid !== undefined ? 'restricted' : options.has('limited') ? 'limited' : 'impersonation',
    ...(languageOid === undefined ? {} : { languageOid }),
    ...(policy === undefined ? {} : { policy: readBounded(policy, 'policy') }),
    ...(options.pathLength === undefined ? {} : { pathLength: options.pathLength }),
  };
}

function includedFile(path: string): Extension {
  return { oid: INCLUDED_FILE, critical: false, value: readBounded(path, 'file to include') };
}

function readBounded(path: string, what: string): Buffer {
  try {
    const contents = readFileSync(path);
    if (contents.length <= MAX_INCLUDED_BYTES) return contents;
  } catch {
    // Told below.
  }
  throw fail(`Error: cannot read the ${what}: ${path}`);
}

function readAttributes(path: string | undefined): readonly AttributeCertificate[] {
  if (path === undefined) return [];
  try {
    const contents = readFileSync(path);
    const blocks = contents.subarray(0, 11).toString('latin1').startsWith('-----BEGIN')
      ? parsePem(contents.toString('latin1')).map(({ der }) => der)
      : [contents];
    const certificates = blocks.map((der) => parseAttributeCertificate(der));
    if (certificates.length > 0) return certificates;
  } catch {
    // Told below.
  }
  throw fail(`Error while reading AC from file: ${path}`);
}

/**
 * Says how long the proxy lasts, or warns that what signed it ends before that was asked for, and when the attributes would; and
 * warns when they end at another time than the proxy.
 *
 * @returns the exit code: 1 when the proxy is shorter than was asked for, as with the C++ tool
 */
export async function tellProxy(
  context: ToolContext,
  options: VomsProxyOptions,
  parts: {
    readonly made: MadeProxy;
    readonly obtained: readonly ObtainedAttributes[];
    readonly say: (text: string) => void;
  },
): Promise<number> {
  const { made, say } = parts;
  const { chain } = made.credential;
  const [proxy] = chain;
  if (proxy === undefined) return 1;
  const ends = chain.reduce((end, { notAfter }) => (notAfter < end ? notAfter : end), proxy.notAfter);
  const isSilent = options.has('ignorewarn');
  const limit = new Date(Math.min(...chain.slice(1).map(({ notAfter }) => notAfter.getTime())));
  const left = secondsLeft(limit, context.now());
  if (left < 0)
    throw new ToolExit(2, { stderr: `\nERROR: Your certificate has expired: ${asctime(limit)}\n` });
  const isShort = left < options.proxyMinutes * 60;
  if (isShort && !isSilent) {
    context.err(
      `\nWarning: your certificate and proxy will expire ${asctime(ends)}\nwhich is within the requested lifetime of the proxy\n`,
    );
  } else say(`Your proxy is valid until ${asctime(ends)}\n`);
  const uneven = unevenEnds(ends, made.certificates, isShort ? 1 : undefined);
  if (!isSilent) for (const one of uneven) context.err(`${unevenWarning(one)}\n`);
  if (options.has('verify')) await verify(context, options, made.credential);
  if (isShort && !isSilent) return 1;
  return uneven.length > 0 && options.has('failonwarn') ? 1 : 0;
}

async function verify(context: ToolContext, options: VomsProxyOptions, { chain }: Credential): Promise<void> {
  const directory =
    options.text('certdir') ?? (await locateTrustDirectory({ env: { ...context.env }, uid: context.uid }));
  if (directory === undefined) throw fail('verify FAILED: there is no directory of trusted authorities');
  const trust = await loadTrustDirectory(directory);
  const report = validatePath(chain, { trust, now: context.now() });
  if (!report.ok) throw fail(`verify FAILED: ${report.findings[0]?.message ?? ''}`);
  context.out('verify OK\n');
}
