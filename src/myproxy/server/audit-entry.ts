import type { Command } from '../wire/command.ts';

/** One line of the audit log: who did what to whose credential, from where, with which verdict and why. Never secrets. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Correlation id; the client sees it in error messages (`ref: …`). */
  readonly reference: string;
  /** IP address of the client. */
  readonly address: string;
  /** One-line DN of the client, or `<anonymous>`. */
  readonly client: string;
  /** Absent when the connection ended before a request could be read. */
  readonly command?: Command;
  readonly username?: string;
  readonly credentialName?: string;
  /** Owner of the credential that was used. */
  readonly owner?: string;
  readonly verdict: 'done' | 'refused' | 'failed';
  /** How the client was authenticated: `pass-phrase`, `certificate`, `trusted`, `owner`, … */
  readonly by?: string;
  /** Why, in one sentence; for refusals the lines the client got and what only the operator may know. */
  readonly why?: string;
  /** Seconds the delegated proxy lives (GET). */
  readonly lifetimeSeconds?: number;
  /** Milliseconds from the first byte to the end of the conversation. */
  readonly durationMs: number;
}
