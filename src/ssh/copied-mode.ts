/**
 * The mode that a copy gets from its source: who may read and run it. Not setuid, setgid or sticky, and nobody else may write to
 * it: the other machine must not make a program of ours that runs as us for everybody.
 */
export function copiedMode(sourceMode: number): number {
  return sourceMode & 0o755;
}
