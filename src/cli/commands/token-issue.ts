import { LatchkeyError } from '../../kit/index.ts';
import {
  bearerTokenPath,
  findWeaknesses,
  issueToken,
  loadSigningKeys,
  type TokenProfile,
  type TokenRequest,
  writeBearerToken,
} from '../../tokens/index.ts';
import type { Command, Invocation } from './command.ts';
import { formatSpan } from './lifetime.ts';
import { listOf, oneOf, required } from './token-input.ts';

const PROFILES: readonly TokenProfile[] = ['scitokens:2.0', 'scitokens:1.0', 'wlcg:1.0'];
const TWENTY_MINUTES = 1200;

/** `latchkey token issue` */
export const tokenIssue: Command = async (invocation) => {
  const { given, context, json, note } = invocation;
  const out = outputOf(invocation);
  if (out === undefined && json) {
    throw new LatchkeyError('cli/usage', 'a token and a JSON document cannot both go to standard output', {
      hint: 'give --out FILE or --save, or leave --json away',
    });
  }
  const request = requestOf(invocation);
  const path = required(invocation, 'key', 'latchkey key create makes one');
  const now = context.now();
  const key = (await loadSigningKeys(path, { keyId: given.text('key-id') })).signingKey(now);
  const { token, id, issuedAt, expiresAt } = issueToken(request, key, now);
  const weaknesses = findWeaknesses(request, key.algorithm);
  for (const { message } of weaknesses) note(`warning: ${message}`);
  if (out === undefined) {
    return { json: undefined, lines: [], raw: Buffer.concat([token.reveal(), Buffer.from('\n')]) };
  }
  await writeBearerToken(token, out);
  const left = formatSpan(request.lifetimeSeconds);
  return {
    json: {
      file: out,
      id,
      keyId: key.keyId,
      algorithm: key.algorithm,
      profile: request.profile,
      issuer: request.issuer,
      subject: request.subject,
      audience: request.audience,
      scope: request.scope,
      issuedAt: issuedAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      warnings: weaknesses,
    },
    lines: [`a token for "${request.subject}", valid for ${left}, is in ${out} (jti ${id})`],
  };
};

function outputOf({ given, context }: Invocation): string | undefined {
  const out = given.text('out');
  if (given.flag('save') && out !== undefined) {
    throw new LatchkeyError('cli/usage', '--save and --out both say where the token goes');
  }
  if (given.flag('save')) return bearerTokenPath({ env: context.env, uid: context.uid });
  return out === '-' ? undefined : out;
}

function requestOf(invocation: Invocation): TokenRequest {
  const { given } = invocation;
  const groups = listOf(given.text('group'));
  return {
    profile: oneOf(invocation, 'profile', PROFILES) ?? 'scitokens:2.0',
    issuer: required(invocation, 'issuer', 'an https URL, below which the keys are published'),
    subject: required(invocation, 'subject', 'whom the token speaks for, such as a user name'),
    audience: listOf(given.text('audience')),
    scope: required(invocation, 'scope', 'what it allows: --scope "read:/user/jane"'),
    ...(groups.length === 0 ? {} : { groups }),
    lifetimeSeconds: given.lifetime('lifetime') || TWENTY_MINUTES,
  };
}
