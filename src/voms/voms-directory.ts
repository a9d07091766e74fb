import type { Certificate } from '../x509/index.ts';
import { type LscChain, parseLscFile } from './lsc-file.ts';

/** Which servers may speak for which virtual organization. Everything is in memory: validation never waits for a disk. */
export interface VomsDirectory {
  /** The chains of `<vo>/<host>.lsc`; undefined when there is no such file, empty when nothing in it can be used. */
  chains(vo: string, host: string): readonly LscChain[] | undefined;
  /** The servers' certificates in `<vo>/*.pem`, for servers that do not send theirs. */
  certificates(vo: string): readonly Certificate[];
}

/** What {@link memoryVomsDirectory} holds. */
export interface VomsMaterial {
  /** Texts of LSC files by their paths, `<vo>/<host>.lsc`. */
  readonly lscFiles?: Readonly<Record<string, string>>;
  /** Certificates by organization. */
  readonly certificates?: Readonly<Record<string, readonly Certificate[]>>;
}

/** A directory made of values: for tests, and for an authority of one's own. */
export function memoryVomsDirectory(material: VomsMaterial): VomsDirectory {
  const chains = new Map(
    Object.entries(material.lscFiles ?? {}).map(([path, text]) => [path, parseLscFile(text).chains]),
  );
  const certificates = new Map(Object.entries(material.certificates ?? {}));
  return {
    chains: (vo, host) => chains.get(`${vo}/${host}.lsc`),
    certificates: (vo) => certificates.get(vo) ?? [],
  };
}
