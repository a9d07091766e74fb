/** One job of `qstat -f`: its id, and its attributes by name. */
export interface PbsJob {
  readonly id: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/**
 * Reads what `qstat -f` prints: `Job Id: …`, then one attribute a line behind four blanks; what is longer goes on behind
 * a tab. The JSON form is left alone: PBS writes values into it that break it.
 */
export function parsePbsReport(text: string): readonly PbsJob[] {
  const jobs: { id: string; attributes: Map<string, string> }[] = [];
  let last: string | undefined;
  for (const line of text.split('\n')) {
    const id = /^Job Id: *(\S+)/.exec(line)?.[1];
    const job = jobs.at(-1);
    const [, name, value = ''] = /^ {4}(\S+) = (.*)$/.exec(line) ?? [];
    if (id !== undefined) {
      jobs.push({ id, attributes: new Map() });
      last = undefined;
    } else if (job !== undefined && name !== undefined) {
      job.attributes.set(name.toLowerCase(), value);
      last = name.toLowerCase();
    } else if (job !== undefined && last !== undefined && /^\s+\S/.test(line)) {
      job.attributes.set(last, `${job.attributes.get(last)}${line.trimStart()}`);
    }
  }
  return jobs;
}
