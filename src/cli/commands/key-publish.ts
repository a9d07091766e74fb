import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finding } from '../../kit/index.ts';
import { writeFileAtomic } from '../../kit/index.ts';
import {
  checkIssuer,
  discoverKeys,
  loadSigningKeys,
  publicDocuments,
  type SigningKeys,
} from '../../tokens/index.ts';
import type { Command, Invocation } from './command.ts';
import { readTextFile } from './token-files.ts';
import { required } from './token-input.ts';

/** Exit code when verifiers would refuse the issuer's tokens. */
const NOT_ACCEPTED = 4;

/** `latchkey key publish PATH`: the public documents of an issuer as files. */
export const keyPublish: Command = async (invocation) => {
  const { given, context } = invocation;
  const issuer = required(
    invocation,
    'issuer',
    'exactly as the tokens write it: the keys are found below it',
  );
  const keys = await loadSigningKeys(given.argument(0), { keyId: given.text('key-id') });
  const documents = Object.values(publicDocuments(issuer, keys.published(context.now())));
  const out = given.text('out');
  const written: string[] = [];
  for (const { path, content } of out === undefined ? [] : documents) {
    const file = join(out ?? '', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, `${JSON.stringify(content, null, 2)}\n`, 0o644);
    written.push(file);
  }
  const findings = given.flag('check') ? await check(invocation, issuer, keys) : undefined;
  return {
    json: { issuer, documents, written, ...(findings === undefined ? {} : { findings }) },
    lines: [
      ...(out === undefined
        ? documents.flatMap(({ path, content }) => [`${path}`, `  ${JSON.stringify(content)}`])
        : written),
      ...(findings ?? []).map(({ code, message }) => `${code}: ${message}`),
      ...(findings?.length === 0 ? [`a verifier accepts the tokens of ${issuer}`] : []),
    ],
    exitCode: (findings ?? []).length > 0 ? NOT_ACCEPTED : 0,
  };
};

async function check(
  { given, context }: Invocation,
  issuer: string,
  keys: SigningKeys,
): Promise<readonly Finding[]> {
  const ca = given.text('ca');
  const trusted = ca === undefined ? undefined : await readTextFile(ca, 'CA file');
  const sample = {
    profile: 'wlcg:1.0',
    issuer,
    subject: 'check',
    audience: [issuer],
    scope: 'storage.read:/check',
    lifetimeSeconds: 60,
  } as const;
  return await checkIssuer(
    { keys, sample, published: discoverKeys({ now: context.now, ca: trusted }) },
    context.now(),
  );
}
