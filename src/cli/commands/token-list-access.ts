import { type Authorization, groupsOf, operationsOf, rejectedError } from '../../tokens/index.ts';
import type { Command } from './command.ts';
import { tableLines } from './facts.ts';
import { verifyGiven } from './token-verifier.ts';

/** `latchkey token list-access [FILE]`: only of a token that is good. */
export const tokenListAccess: Command = async (invocation) => {
  const { input, report } = await verifyGiven(invocation);
  if (!report.ok) throw rejectedError(report);
  const { token } = report;
  const access = token.authorizations.flatMap((authorization) =>
    operationsOf(authorization).map((operation) => ({
      operation,
      path: pathText(authorization),
      scope: authorization.text,
    })),
  );
  const groups = groupsOf(token);
  return {
    json: { origin: input.origin, subject: token.subject ?? null, access, groups },
    lines: [
      ...(access.length === 0
        ? ['it allows nothing by itself']
        : tableLines(
            ['OPERATION', 'PATH', 'SCOPE'],
            access.map(({ operation, path, scope }) => [operation, path ?? '', scope]),
          )),
      ...(groups.length === 0 ? [] : [`groups: ${groups.join(' ')}`]),
    ],
  };
};

function pathText({ path }: Authorization): string | null {
  if (path === undefined) return null;
  return `/${path.segments.join('/')}${path.isDirectory && path.segments.length > 0 ? '/' : ''}`;
}
