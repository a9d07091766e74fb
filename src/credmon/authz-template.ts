import { LatchkeyError, quote } from '../kit/index.ts';
import { evaluateExpression, parseExpression } from './classad-expression.ts';
import { groupsOf } from './group-map.ts';
import { isUserName } from './name.ts';
import type { LocalProvider } from './settings.ts';

/** What a template may have between braces. */
export type TemplateName = 'username' | 'groupname';

/** What a user's token will say, or why there is none. */
export type Authorization =
  | { readonly scope: string; readonly groups: readonly string[]; readonly denied?: undefined }
  /** One sentence for the user and the log. Upstream writes an empty token then. */
  | { readonly denied: string; readonly groups: readonly string[]; readonly scope?: undefined };

/**
 * Decides what the local issuer puts into a user's token: the template with `{username}`, the result of the expression
 * after it (the code of HTCondor adds it, its manual says it replaces), and the group template once for each group.
 *
 * @param groupMap contents of the provider's group map file; undefined when it names none
 * @throws LatchkeyError `credmon/name-invalid` for a user name that could change the meaning of a scope;
 *   `config/invalid` for an expression that does not give a string
 */
export function authorizationOf(
  provider: Pick<
    LocalProvider,
    'authzTemplate' | 'authzTemplateExpression' | 'groupTemplate' | 'groupRequirement'
  >,
  username: string,
  groupMap?: string,
): Authorization {
  if (!isUserName(username))
    throw new LatchkeyError(
      'credmon/name-invalid',
      `${quote(username)} cannot stand in a scope as a user name`,
    );
  const groups = groupMap === undefined ? [] : groupsOf(groupMap, username);
  const { groupRequirement, groupTemplate, authzTemplateExpression } = provider;
  if (groupRequirement !== undefined && !groups.includes(groupRequirement)) {
    const has =
      groups.length === 0 ? 'is in no group' : `is in ${groups.map((group) => quote(group, 60)).join(', ')}`;
    return {
      denied: `tokens are for members of ${quote(groupRequirement)} only, and ${username} ${has}`,
      groups,
    };
  }
  const parts = [expandTemplate(provider.authzTemplate, 'username', username)];
  if (authzTemplateExpression !== undefined) {
    const value = evaluateExpression(parseExpression(authzTemplateExpression), { Username: username });
    if (typeof value !== 'string')
      throw new LatchkeyError(
        'config/invalid',
        `the authorization expression gives ${String(value)} for ${username}, not a string`,
      );
    parts.push(value);
  }
  if (groupTemplate !== undefined)
    parts.push(...groups.map((group) => expandTemplate(groupTemplate, 'groupname', group)));
  return { scope: parts.join(' ').trim().replace(/\s+/g, ' '), groups };
}

/** A template with each `{name}` replaced. Values are put in as they are: the caller has checked that they are plain names. */
export function expandTemplate(template: string, name: TemplateName, value: string): string {
  return template.replaceAll(`{${name}}`, () => value);
}

/** What is wrong with a template: braces around something else than `name`, or not closed. Undefined when it is fine. */
export function templateDefect(template: string, name: TemplateName): string | undefined {
  const rest = template.replaceAll(`{${name}}`, '');
  const brace = /[{}][^{}\s]{0,40}}?/.exec(rest);
  return brace === null ? undefined : `has ${quote(brace[0])}, where only {${name}} is replaced`;
}
