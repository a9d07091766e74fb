import { BAD_TOKENS, NOT_COVERED } from './bad-tokens.ts';
import { CPP_ACCEPTS, CPP_REFUSES } from './cpp-differences.ts';

/** The table of refused tokens as `docs/tokens.md` prints it. */
export function badTokensTable(): string {
  const lines = ['| Where | What is wrong | Refused as |', '|---|---|---|'];
  let last = '';
  for (const { group, what, code } of BAD_TOKENS) {
    lines.push(`| ${group === last ? '' : `**${group}**`} | ${what} | \`${code}\` |`);
    last = group;
  }
  return `${lines.join('\n')}\n`;
}

/** The table of requests that a scope does not cover. */
export function notCoveredTable(): string {
  const lines = ['| Scope of the token | does not allow | on |', '|---|---|---|'];
  for (const { scope, operation, path } of NOT_COVERED) {
    const where = path === undefined ? 'no path' : path === '' ? 'an empty path' : `\`${path}\``;
    lines.push(`| \`${scope}\` | ${operation} | ${where} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** The table of what scitokens-cpp judges otherwise. */
export function differencesTable(): string {
  const lines = ['| Accepted by scitokens-cpp 0.7.3, refused here | Why we refuse it |', '|---|---|'];
  for (const { reason, rows } of CPP_ACCEPTS) lines.push(`| ${rows.join('; ')} | ${reason} |`);
  lines.push('', '| Accepted here, refused by scitokens-cpp 0.7.3 | Why |', '|---|---|');
  for (const { what, reason } of CPP_REFUSES) lines.push(`| ${what} | ${reason} |`);
  return `${lines.join('\n')}\n`;
}
