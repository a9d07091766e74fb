import { LatchkeyError } from '../../kit/index.ts';
import { allows, type VerifiedToken } from '../../tokens/index.ts';
import type { Command } from './command.ts';
import { factLines, validityText } from './facts.ts';
import { verifyGiven } from './token-verifier.ts';

const REFUSED = 3;

/** `latchkey token verify [FILE]`: exit code 3 when it is refused. */
export const tokenVerify: Command = async (invocation) => {
  const { given, context } = invocation;
  const wanted = given.text('allow');
  const { input, report } = await verifyGiven(invocation);
  if (!report.ok) {
    return {
      json: { origin: input.origin, accepted: false, findings: report.findings },
      lines: [
        `${input.origin}: refused`,
        ...report.findings.map(
          ({ code, message, rule }) => `  ${code}: ${message}${rule ? ` (${rule})` : ''}`,
        ),
      ],
      exitCode: REFUSED,
    };
  }
  const { token } = report;
  const isAllowed = wanted === undefined || isAllowedBy(token, wanted);
  const start = token.issuedAt ?? context.now();
  return {
    json: {
      origin: input.origin,
      accepted: isAllowed,
      ...tokenJson(token),
      ...(wanted === undefined ? {} : { asked: wanted, allowed: isAllowed }),
      findings: [],
    },
    lines: [
      `${input.origin}: good`,
      ...factLines([
        ['kind', token.kind],
        ['issuer', token.issuer],
        ['subject', token.subject],
        ['audience', token.audience.join(' ') || 'everybody'],
        ['scope', token.authorizations.map(({ text }) => text).join(' ') || undefined],
        ['groups', token.groups.join(' ') || undefined],
        ['key', token.keyId || undefined],
        ['id', token.id],
        ['left', validityText(start, token.expiresAt, context.now())],
      ]),
      ...(wanted === undefined ? [] : [`  ${wanted}: ${isAllowed ? 'allowed' : 'not allowed'}`]),
    ],
    exitCode: isAllowed ? 0 : REFUSED,
  };
};

/** A verified token for `--json`. */
export function tokenJson(token: VerifiedToken): Record<string, unknown> {
  return {
    kind: token.kind,
    issuer: token.issuer,
    subject: token.subject ?? null,
    audience: token.audience,
    scope: token.authorizations.map(({ text }) => text),
    groups: token.groups,
    keyId: token.keyId,
    id: token.id ?? null,
    issuedAt: token.issuedAt?.toISOString() ?? null,
    expiresAt: token.expiresAt.toISOString(),
  };
}

function isAllowedBy(token: VerifiedToken, wanted: string): boolean {
  const [, operation, path] = /^([A-Za-z.]+)(?::(\/.*))?$/.exec(wanted) ?? [];
  if (operation === undefined) {
    throw new LatchkeyError('cli/usage', `--allow takes an operation and a path, not "${wanted}"`, {
      hint: 'read:/user/jane/f, create:/…, modify:/…, stage:/…, or a scope without path such as queue',
    });
  }
  return allows(token, operation, path);
}
