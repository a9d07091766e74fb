import { open } from 'node:fs/promises';
import type { Tool, ToolContext } from '../kit/index.ts';
import { readVomsInfoOptions, type VomsInfoOptions } from '../kit/voms-info-options.ts';

const MAX_PROXY_BYTES = 1 << 20;

/**
 * `voms-proxy-info`: tells about a proxy and the attributes in it, or whether they are there. As the C++ tool it prints attributes whether
 * or not their server is known here; `latchkey voms info` is what verifies.
 */
export const vomsProxyInfo: Tool = async (argv, context) => {
  const options = readVomsInfoOptions(context.name, argv);
  if (options.remarks !== '') context.err(options.remarks);
  const path = options.file ?? (context.env.X509_USER_PROXY || `/tmp/x509up_u${context.uid}`);
  const pem = await readProxyText(path);
  if (pem === undefined) {
    context.err("\nCouldn't find a valid proxy.\n\n");
    return 1;
  }
  return show(path, pem, options, context);
};

async function show(
  path: string,
  pem: string,
  options: VomsInfoOptions,
  context: ToolContext,
): Promise<number> {
  const [{ parseCertificates }, { infoText, keyBits, showProxy }] = await Promise.all([
    import('../../x509/index.ts'),
    import('../kit/voms-info-text.ts'),
  ]);
  const [leaf, ...above] = readCertificates(() => parseCertificates(pem));
  if (leaf === undefined) {
    context.err("Couldn't find a valid proxy.\n");
    return 1;
  }
  const shown = showProxy([leaf, ...above], path);
  const isUnverified =
    options.has('dont-verify-ac') || context.env.VOMS_PROXY_INFO_DONT_VERIFY_AC !== undefined;
  const complaint = isUnverified ? undefined : shown.complaint;
  if (complaint !== undefined) {
    context.err(
      `WARNING: Unable to verify signature! Server certificate possibly not installed.\nError: ${complaint}\n`,
    );
  }
  const now = context.now();
  const certificateText = options.has('text')
    ? (await import('../kit/proxy-facts.ts')).certificateText
    : () => '';
  const text = () =>
    [leaf, ...(options.has('chain') ? above.toReversed() : [])]
      .map((certificate) => `${certificateText(certificate)}\n`)
      .join('');
  context.out(infoText(shown, options, now, text));

  const { attributes } = shown;
  const left = Math.floor(leaf.notAfter.getTime() / 1000) - Math.floor(now.getTime() / 1000);
  const isMissing = attributes.length === 0 && ABOUT_ATTRIBUTES.some((option) => options.has(option));
  const isShort =
    options.has('exists') && (left <= 0 || left < options.seconds || keyBits(leaf) < options.bits);
  const lacksGroups = options.has('fqan') && attributes.some(({ fqans }) => fqans.length === 0);
  const areThere = options.acexists.every((vo) => attributes.some((held) => held.vo === vo));
  const isGood = complaint === undefined && !isMissing && !isShort && !lacksGroups && areThere;
  return isGood ? 0 : 1;
}

/** Options that fail when there are no attributes at all. */
const ABOUT_ATTRIBUTES = ['vo', 'acsubject', 'acissuer', 'actimeleft', 'fqan', 'serial', 'targets', 'uri'];

async function readProxyText(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const buffer = Buffer.alloc(MAX_PROXY_BYTES);
    const { bytesRead } = await file.read(buffer, 0, MAX_PROXY_BYTES, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await file.close();
  }
}

function readCertificates<Value>(read: () => Value[]): Value[] {
  try {
    return read();
  } catch {
    return [];
  }
}
