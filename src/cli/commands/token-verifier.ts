import { LatchkeyError } from '../../kit/index.ts';
import {
  discoverKeys,
  fixedKeys,
  type KeySource,
  makePublishedKey,
  parseJwks,
  parsePublishedKey,
  type TokenReport,
  verifyToken,
} from '../../tokens/index.ts';
import type { Invocation } from './command.ts';
import { readTextFile } from './token-files.ts';
import { listOf, required, type TokenInput, tokenOf } from './token-input.ts';

/** Verifies the token of a command by its options `--issuer`, `--audience`, `--jwks`, `--ca` and `--skew`. */
export async function verifyGiven(
  invocation: Invocation,
): Promise<{ readonly input: TokenInput; readonly report: TokenReport }> {
  const { given, context } = invocation;
  const issuers = listOf(required(invocation, 'issuer', 'without an issuer that you trust no token is good'));
  const input = await tokenOf(invocation);
  const report = await verifyToken(input.token, {
    keys: await keySource(invocation),
    issuers,
    audience: listOf(given.text('audience')),
    now: context.now(),
    clockSkewSeconds: given.lifetime('skew'),
  });
  return { input, report };
}

async function keySource({ given, context }: Invocation): Promise<KeySource> {
  const file = given.text('jwks');
  if (file === undefined) {
    const ca = given.text('ca');
    const trusted = ca === undefined ? undefined : await readTextFile(ca, 'CA file');
    return discoverKeys({ now: context.now, ca: trusted });
  }
  const text = await readTextFile(file, 'key file');
  // A key in PEM has no name: it serves for any.
  if (text.includes('-----BEGIN ')) {
    const { publicKey } = parsePublishedKey(text, `"${file}"`);
    return fixedKeys([makePublishedKey(publicKey, '')]);
  }
  return fixedKeys(parseJwks(parseJson(text, file)).keys);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LatchkeyError('tokens/malformed', `"${file}" is neither a JWK set nor a key in PEM`, { cause });
  }
}
