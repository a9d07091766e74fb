import { stat } from 'node:fs/promises';
import {
  loadTrustDirectory,
  locateTrustDirectory,
  memoryTrustStore,
  type TrustDirectory,
  type TrustStore,
  trustInstallDirectory,
} from '../../x509/index.ts';

/** Whom the client trusts at the moment. */
export interface CurrentTrust {
  readonly store: TrustStore;
  /** The directory it was read from; absent when there is none, or when trust was given by the program. */
  readonly directory?: string;
  /** True when nobody at all is trusted yet. */
  readonly isEmpty: boolean;
}

/** Where a client finds its trust roots. The directory is read when first needed, and again when it has changed. */
export class TrustSource {
  readonly #env: NodeJS.ProcessEnv;
  readonly #given: TrustStore | undefined;
  #caCertDir: string | undefined;
  #loaded: TrustDirectory | undefined;

  constructor(options: {
    readonly env: NodeJS.ProcessEnv;
    readonly caCertDir?: string | undefined;
    readonly trust?: TrustStore | undefined;
  }) {
    this.#env = options.env;
    this.#given = options.trust;
    this.#caCertDir = options.caCertDir;
  }

  get caCertDir(): string | undefined {
    return this.#caCertDir;
  }

  set caCertDir(directory: string | undefined) {
    this.#caCertDir = directory;
    this.#loaded = undefined;
  }

  /** Where new trust roots go. */
  get installDirectory(): string {
    return this.#caCertDir ?? trustInstallDirectory({ env: this.#env });
  }

  async current(now: Date): Promise<CurrentTrust> {
    if (this.#given !== undefined) return { store: this.#given, isEmpty: false };
    const path = this.#caCertDir ?? (await locateTrustDirectory({ env: this.#env }));
    const isThere = path !== undefined && (await stat(path).catch(() => undefined))?.isDirectory();
    if (!isThere) {
      const store = memoryTrustStore({ authorities: [] });
      return { store, isEmpty: true, ...(path === undefined ? {} : { directory: path }) };
    }
    if (this.#loaded?.path === path) await this.#loaded.refresh(now);
    else this.#loaded = await loadTrustDirectory(path);
    return { store: this.#loaded, directory: path, isEmpty: this.#loaded.authorities.length === 0 };
  }

  /** Forgets what was read, because files were installed. */
  forget(): void {
    this.#loaded = undefined;
  }
}
