import type { KeyObject } from 'node:crypto';
import {
  generateSigningKey,
  makePublishedKey,
  readPublishedKey,
  readSigningKey,
  sciTokensKeyId,
  type TokenAlgorithm,
} from '../../tokens/index.ts';
import {
  fail,
  type GivenOption,
  type OptionSpec,
  parseGetopt,
  type Tool,
  ToolExit,
  usageText,
} from '../kit/index.ts';

const TOOL = 'scitokens-admin-create-key';

const options: readonly OptionSpec[] = [
  { short: 'h', long: 'help', help: 'Prints this text' },
  { long: 'private-keyfile', value: 'file', help: 'Private key in PEM, not encrypted' },
  { long: 'public-keyfile', value: 'file', help: 'Public key in PEM' },
  { long: 'create-keys', help: 'Makes a new pair of keys' },
  { long: 'ec', help: 'A new key is P-256; without it RSA of 2048 bits' },
  { long: 'jwks-public', help: 'Prints the public key as a JWK set' },
  { long: 'jwks-private', help: 'Prints the private key as a JWK set' },
  { long: 'pem-private', help: 'Prints the private key in PEM' },
  { long: 'pem-public', help: 'Prints the public key in PEM' },
];

const SOURCES = ['private-keyfile', 'public-keyfile', 'create-keys'];

/** The exit code of Python's option parser for a bad command line. */
const BAD_USAGE = 2;

/**
 * `scitokens-admin-create-key`: key files and JWK sets. Coordinates are as long as the curve wants and unpadded; the Python tool
 * pads them and drops zeros at the beginning, which strict verifiers refuse. The key id is made as it makes it.
 */
export const scitokensAdminCreateKey: Tool = async (argv, context) => {
  const { given, operands, problem } = parseGetopt(argv, options);
  const usage = usageText(
    TOOL,
    '(--create-keys [--ec] | --private-keyfile file | --public-keyfile file) …',
    options,
  );
  if (given.some(({ key }) => key === 'h')) throw new ToolExit(0, { stdout: usage });
  const sources = given.filter(({ key }) => SOURCES.includes(key));
  const complaint =
    problem ??
    (operands[0] === undefined ? undefined : `unrecognized arguments: ${operands[0]}`) ??
    (sources.length === 1 ? undefined : `one of --${SOURCES.join(' --')} is required, and one only`);
  const [source] = sources;
  if (complaint !== undefined || source === undefined) {
    throw new ToolExit(BAD_USAGE, { stderr: `${usage}${TOOL}: error: ${complaint}\n` });
  }
  const wants = (key: string): boolean => given.some((option) => option.key === key);
  if (source.key === 'public-keyfile' && (wants('jwks-private') || wants('pem-private'))) {
    throw fail('Only given public key on command line, cannot output private keys');
  }
  const keys = await keysOf(source, wants('ec'));
  const { privateKey, publicKey, algorithm } = keys;
  const named = { kid: sciTokensKeyId(publicKey), alg: algorithm };
  if (wants('jwks-public')) context.out(jwksText(publicKey, { ...named, use: 'sig' }));
  if (wants('jwks-private') && privateKey) context.out(jwksText(privateKey, named));
  if (wants('pem-private') && privateKey)
    context.out(privateKey.export({ type: PEM_FORMS[algorithm], format: 'pem' }));
  if (wants('pem-public')) context.out(publicKey.export({ type: 'spki', format: 'pem' }));
  return 0;
};

/** What OpenSSL calls traditional; an Ed25519 key has no such form. */
const PEM_FORMS: Readonly<Record<TokenAlgorithm, 'sec1' | 'pkcs1' | 'pkcs8'>> = {
  ES256: 'sec1',
  RS256: 'pkcs1',
  EdDSA: 'pkcs8',
};

interface Keys {
  readonly privateKey?: KeyObject;
  readonly publicKey: KeyObject;
  readonly algorithm: TokenAlgorithm;
}

async function keysOf({ key, value = '' }: GivenOption, isEc: boolean): Promise<Keys> {
  if (key === 'public-keyfile') return await readPublishedKey(value);
  const privateKey =
    key === 'create-keys'
      ? await generateSigningKey(isEc ? 'ES256' : 'RS256')
      : (await readSigningKey(value)).privateKey;
  return { privateKey, ...makePublishedKey(privateKey) };
}

/** Members in the order of the alphabet, indented by four, as scripts that compare texts know it. */
function jwksText(key: KeyObject, more: Readonly<Record<string, string>>): string {
  const members = Object.entries({ ...key.export({ format: 'jwk' }), ...more });
  const sorted = members.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `${JSON.stringify({ keys: [Object.fromEntries(sorted)] }, null, 4)}\n`;
}
