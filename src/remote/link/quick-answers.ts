import type { SshConnection, SshState } from '../../ssh/index.ts';

const PATIENCE_MS = 20_000;

/**
 * Has servers send the small parts of an answer at once. Before OpenSSH 10.1 a server holds them back, for some 40 ms each time, in a login
 * in which no command was ever run: so one is run, in each login, beside what else is done. An account that may run none is slow.
 */
export class QuickAnswers {
  readonly #endings = new Map<SshConnection, () => void>();

  /** From now on in each login of this connection. */
  of(connection: SshConnection): void {
    if (this.#endings.has(connection)) return;
    let before: SshState | undefined;
    const look = (state: SshState): void => {
      if (state === 'ready' && before !== 'ready')
        connection.run(['true'], { timeoutMs: PATIENCE_MS }).catch(() => {});
      before = state;
    };
    this.#endings.set(
      connection,
      connection.subscribe(({ state }) => look(state)),
    );
    look(connection.state);
  }

  close(): void {
    for (const end of this.#endings.values()) end();
    this.#endings.clear();
  }
}
