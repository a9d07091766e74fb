import { createPublicKey } from 'node:crypto';
import { LatchkeyError, writeFileAtomic } from '../../kit/index.ts';
import {
  createKeyRing,
  generateSigningKey,
  makeSigningKey,
  TOKEN_ALGORITHMS,
  type TokenAlgorithm,
} from '../../tokens/index.ts';
import { createPrivateFile } from '../kit/private-file.ts';
import type { Command, Report } from './command.ts';
import { keyLines, keysJson } from './key-facts.ts';
import { oneOf } from './token-input.ts';

/** `latchkey key create PATH`: a key ring, or with `--public` a pair of files. */
export const keyCreate: Command = async (invocation) => {
  const { given, context } = invocation;
  const path = given.argument(0);
  const algorithm = oneOf(invocation, 'algorithm', TOKEN_ALGORITHMS) ?? 'ES256';
  const publicFile = given.text('public');
  if (publicFile !== undefined) return await createPair(path, publicFile, algorithm);
  const now = context.now();
  const ring = await createKeyRing(path, now, {
    algorithm,
    keyId: given.text('key-id'),
    aheadSeconds: given.lifetime('ahead'),
    keepSeconds: given.lifetime('keep'),
  });
  return { json: keysJson(ring, now), lines: keyLines(ring, now) };
};

async function createPair(path: string, publicFile: string, algorithm: TokenAlgorithm): Promise<Report> {
  const key = await generateSigningKey(algorithm);
  // HTCondor looks at the first line: SEC1 and PKCS#1 are the forms it knows.
  const type = algorithm === 'ES256' ? 'sec1' : algorithm === 'RS256' ? 'pkcs1' : 'pkcs8';
  const pem = key.export({ type, format: 'pem' });
  await createPrivateFile(path, Buffer.from(pem)).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST')
      throw new LatchkeyError('file/io', `cannot write "${path}": ${cause.message}`, { cause });
    throw new LatchkeyError('tokens/key', `"${path}" is there already, and keys are not overwritten`, {
      hint: 'move it away first; tokens it has signed are good until they expire',
    });
  });
  await writeFileAtomic(publicFile, createPublicKey(key).export({ type: 'spki', format: 'pem' }), 0o644);
  const { keyId } = makeSigningKey(key);
  return {
    json: { privateKey: path, publicKey: publicFile, algorithm, thumbprint: keyId },
    lines: [
      `the private key is in ${path}, its public half in ${publicFile} (${algorithm}, thumbprint ${keyId})`,
    ],
  };
}
