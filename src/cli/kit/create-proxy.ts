import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LatchkeyError } from '../../kit/index.ts';
import {
  type Certificate,
  type Credential,
  describeProxy,
  type Extension,
  formatOneline,
  generateKeyPair,
  identityOf,
  isSameKey,
  issueProxy,
  type KeyPair,
  keySigner,
  loadTrustDirectory,
  locateTrustDirectory,
  type ProxyKind,
  type ProxyRights,
  parseCertificates,
  validatePath,
} from '../../x509/index.ts';
import { openOwnKey } from './key-pass-phrase.ts';
import { asctime, secondsLeft } from './time-text.ts';
import { type ToolContext, ToolExit } from './tool.ts';

/** What kind of proxy, and how it is told, as grid-proxy-init's options say. */
export interface ProxyOrder {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Default: the kind of the issuer if that is a proxy, else RFC 3820. */
  readonly kind?: ProxyKind | undefined;
  readonly rights: ProxyRights;
  readonly languageOid?: string | undefined;
  readonly policy?: Buffer | undefined;
  readonly pathLength?: number | undefined;
  readonly bits: number;
  /** 0 = as long as the issuer. */
  readonly lifetimeSeconds: number;
  readonly fromStdin: boolean;
  readonly isQuiet: boolean;
  readonly isDebug: boolean;
  /** Validate the whole chain against the trust directory. */
  readonly verify: boolean;
  /** Default: the one in use. */
  readonly trustDirectory?: string | undefined;
  /** What else goes into the proxy; asked for when the key has been opened. */
  readonly extensions?: ((credential: Credential) => Promise<readonly Extension[]>) | undefined;
}

/**
 * Makes a proxy of the user's own credential, telling each step as grid-proxy-init does. The proxy is only in memory.
 *
 * @throws ToolExit
 */
export async function createProxy(context: ToolContext, order: ProxyOrder): Promise<Credential> {
  const say = (text: string): void => {
    if (!order.isQuiet) context.out(text);
  };
  const trustDirectory = order.verify ? await requireTrust(context, order) : undefined;
  // The search for primes runs while the user types the pass phrase; a failure before it is awaited is not lost.
  const stop = new AbortController();
  const generating = generateKeyPair({ type: 'rsa', bits: order.bits }, stop.signal);
  generating.catch(() => {});
  try {
    const chain = await readChain(order);
    const [issuer] = chain;
    if (issuer === undefined)
      throw proxyError(
        order,
        `Couldn't read user certificate\ncert file location: ${order.certificateFile}.`,
      );
    const identity = identityOf(chain) ?? issuer.subject;
    say(`Your identity: ${formatOneline(identity)}\n`);
    const key = await openKey(context, order);
    const fits = isSameKey(createPublicKey(key), issuer.publicKey);
    const extensions = fits ? ((await order.extensions?.({ chain, privateKey: key })) ?? []) : [];
    say('Creating proxy ');
    const pair = await withDots(generating, say);
    if (!fits) throw mismatch(order);
    const credential = await sign(order, chain, issuer, { key, pair, extensions }, context.now());
    say(' Done\n');
    if (trustDirectory !== undefined) {
      await verify(order, credential, trustDirectory, context.now());
      context.out('Proxy Verify OK\n');
    }
    return credential;
  } finally {
    stop.abort();
  }
}

/** Says how long the new proxy lasts, or warns that its issuer ends before that was asked for. Exit code 2 = expired already. */
export function tellValidity(context: ToolContext, order: ProxyOrder, credential: Credential): void {
  const [proxy, issuer] = credential.chain;
  if (proxy === undefined) return;
  const goodTill = asctime(proxy.notAfter);
  const left = secondsLeft(earliestEnd(credential.chain.slice(1), issuer ?? proxy), context.now());
  if (left < 0) throw new ToolExit(2, { stderr: `\nERROR: Your certificate has expired: ${goodTill}\n\n\n` });
  if (left < order.lifetimeSeconds) {
    context.err(
      `\nWarning: your certificate and proxy will expire ${goodTill}\n which is within the requested lifetime of the proxy\n`,
    );
  } else if (!order.isQuiet) context.out(`Your proxy is valid until: ${goodTill}\n`);
}

function earliestEnd(chain: readonly Certificate[], otherwise: Certificate): Date {
  return chain.reduce((end, { notAfter }) => (notAfter < end ? notAfter : end), otherwise.notAfter);
}

/** An error in grid-proxy-init's form: with `-debug` the reason behind it, else a line that says how to get it. */
export function proxyError(order: Pick<ProxyOrder, 'isDebug'>, message: string, cause?: unknown): ToolExit {
  const reason = cause instanceof Error ? cause.message : undefined;
  const hint = cause instanceof LatchkeyError && cause.hint !== undefined ? `  hint: ${cause.hint}\n` : '';
  const more = order.isDebug
    ? reason === undefined
      ? ''
      : `       ${reason}\n`
    : 'Use -debug for further information.\n';
  return new ToolExit(1, { stderr: `Error: ${message}\n${more}${hint}` });
}

function mismatch(order: ProxyOrder): ToolExit {
  return proxyError(
    order,
    'Could not verify the signature of the generated proxy certificate.\n' +
      'This is likely due to a non-matching user key and cert.',
    new LatchkeyError('x509/key-mismatch', `"${order.keyFile}" is not the key of "${order.certificateFile}"`),
  );
}

async function readChain(order: ProxyOrder): Promise<readonly Certificate[]> {
  try {
    return parseCertificates(await readFile(order.certificateFile, 'utf8'));
  } catch (cause) {
    throw proxyError(
      order,
      `Couldn't read user certificate\ncert file location: ${order.certificateFile}.`,
      cause,
    );
  }
}

async function openKey(context: ToolContext, order: ProxyOrder): Promise<KeyObject> {
  let cause: unknown = new LatchkeyError('x509/pass-phrase-wrong', 'the pass phrase does not open the key');
  try {
    const prompt = order.isQuiet ? 'Enter GRID pass phrase:' : 'Enter GRID pass phrase for this identity:';
    const pem = await readFile(order.keyFile, 'utf8');
    const key = await openOwnKey(context, pem, { fromStdin: order.fromStdin, prompt });
    if (key !== undefined) return key;
  } catch (error) {
    cause = error;
  }
  throw proxyError(order, `Couldn't read user key in ${order.keyFile}.`, cause);
}

/** Milliseconds between two signs of life while a key is being made. */
const DOT_EVERY = 10;

async function withDots(generating: Promise<KeyPair>, say: (text: string) => void): Promise<KeyPair> {
  say('.');
  const dots = setInterval(() => say('.'), DOT_EVERY);
  try {
    return await generating;
  } finally {
    clearInterval(dots);
  }
}

async function sign(
  order: ProxyOrder,
  chain: readonly Certificate[],
  issuer: Certificate,
  {
    key,
    pair,
    extensions,
  }: { readonly key: KeyObject; readonly pair: KeyPair; readonly extensions: readonly Extension[] },
  now: Date,
): Promise<Credential> {
  const { languageOid, policy, pathLength } = order;
  const inherited = describeProxy(issuer);
  const kind = order.kind ?? inherited?.kind ?? 'rfc3820';
  const rights =
    order.rights === 'impersonation' && inherited?.rights === 'limited' ? 'limited' : order.rights;
  try {
    if (inherited !== undefined && inherited.kind !== kind) {
      throw new LatchkeyError(
        'proxy/not-allowed',
        `a ${kind} proxy cannot follow a ${inherited.kind} proxy`,
        {
          hint: 'leave out -old, -rfc and -draft: the new proxy is then of the same kind',
        },
      );
    }
    const proxy = await issueProxy({
      issuer,
      signer: keySigner(key),
      publicKey: pair.publicKey,
      type: {
        kind,
        rights,
        ...(languageOid !== undefined && { languageOid }),
        ...(policy !== undefined && { policy }),
        ...(pathLength !== undefined && { pathLength }),
      },
      ...(order.lifetimeSeconds > 0 && { lifetimeSeconds: order.lifetimeSeconds }),
      now,
      extensions,
    });
    return { chain: [proxy, ...chain], privateKey: pair.privateKey };
  } catch (cause) {
    throw proxyError(order, "Couldn't create proxy certificate.", cause);
  }
}

async function requireTrust(context: ToolContext, order: ProxyOrder): Promise<string> {
  const env = { ...context.env };
  const directory = order.trustDirectory ?? (await locateTrustDirectory({ env, uid: context.uid }));
  if (directory !== undefined) return directory;
  throw proxyError(
    order,
    "Couldn't find a valid trusted certificate directory.",
    new LatchkeyError('x509/trust-missing', 'there is no directory of trusted authorities', {
      hint: 'set X509_CERT_DIR, or get one with myproxy-get-trustroots -b',
    }),
  );
}

async function verify(
  order: ProxyOrder,
  credential: Credential,
  trustDirectory: string,
  now: Date,
): Promise<void> {
  const trust = await loadTrustDirectory(trustDirectory);
  const report = validatePath(credential.chain, { trust, now });
  if (report.ok) return;
  const reasons = report.findings
    .filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);
  throw proxyError(
    order,
    "Couldn't verify the authenticity of the user's credential to generate a proxy from.",
    new LatchkeyError('x509/path-invalid', reasons.join('; ')),
  );
}
