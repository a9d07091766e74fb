import type { Secret } from '../kit/index.ts';
import type { Transport } from '../ssh/index.ts';

/** A machine to be reached. */
export interface ConnectTarget {
  readonly scheme: 'ssh' | 'gsissh';
  readonly host: string;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Who reaches machines for us: a session, with its contexts. */
export interface Connector {
  connect(target: ConnectTarget): Promise<Transport>;
}
