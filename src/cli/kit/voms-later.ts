/** Why `-m` ends a tool for now, and what to do instead. */
export function vomsLater(tool: string): string {
  return `latchkey cannot ask a VOMS server yet\n  hint: run ${tool} without -m, then voms-proxy-init -noregen -voms VO`;
}
