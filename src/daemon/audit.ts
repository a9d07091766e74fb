import type { AuditEntry } from '../myproxy/index.ts';
import { LineFile } from './line-file.ts';

/** The audit log: one JSON line for each operation, append-only, 0600. */
export interface Audit {
  write(entry: AuditEntry): void;
  /** Opens the file again, for log rotation. */
  reopen(): void;
  close(): Promise<void>;
}

/** Opens the audit log; without a path, entries go nowhere. */
export function openAudit(path: string | undefined): Audit {
  if (path === undefined) return { write: () => {}, reopen: () => {}, close: async () => {} };
  const file = new LineFile(path);
  return {
    write: (entry) => file.write(`${JSON.stringify(entry)}\n`),
    reopen: () => file.reopen(),
    close: () => file.close(),
  };
}
