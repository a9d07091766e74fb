/** credd's answers by number; above 100 it is the time of the completion file. */
export const RESULT = {
  failed: 0,
  ok: 1,
  badPassword: 2,
  noImpersonate: 3,
  notSecure: 4,
  notFound: 5,
  pending: 6,
  notAllowed: 7,
  badArguments: 8,
  protocolMismatch: 9,
  monitorTimeout: 10,
  configuration: 11,
  jsonParse: 12,
  mismatch: 13,
  untrustedHost: 14,
} as const;

/** What `condor_store_cred` prints and exits with. */
export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const TEXT: Readonly<Record<number, string>> = {
  [RESULT.ok]: 'Operation succeeded.',
  [RESULT.failed]: 'Operation failed.',
  [RESULT.notFound]: 'No credential is stored.',
  [RESULT.pending]: 'Operation succeeded and is waiting for processing.',
  [RESULT.notAllowed]: 'Operation is not allowed.',
  [RESULT.badArguments]: 'Bad arguments.',
  [RESULT.monitorTimeout]: 'Timed out waiting for the credential monitor.',
  [RESULT.jsonParse]: 'Failure parsing credential as JSON',
  [RESULT.mismatch]: 'Credential was found but it did not match requested scopes or audience',
  [RESULT.untrustedHost]: 'The vault host is not trusted.',
};

/** A query's or store's answer as the tool says it. */
export function toolResult(
  code: number,
  verb: 'add' | 'query' | 'delete',
  times: Readonly<Record<string, number>> = {},
): ToolResult {
  const isTime = code > 100;
  if (verb === 'query' && (isTime || code === RESULT.ok || code === RESULT.pending)) {
    const lines = Object.entries(times).map(([file, seconds]) => `${file} = ${seconds}\n`);
    return { exitCode: 0, stdout: `A credential was stored and is valid.\n${lines.join('')}`, stderr: '' };
  }
  const text = `${TEXT[isTime ? RESULT.pending : code] ?? 'Operation failed.'}\n`;
  const exitCode =
    isTime || code === RESULT.ok || code === RESULT.pending ? 0 : code === RESULT.mismatch ? 2 : 1;
  return { exitCode, stdout: text, stderr: '' };
}
