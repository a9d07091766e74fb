/** One metric as it was read. */
export interface ReadFamily {
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';
  readonly help: string;
  readonly samples: readonly {
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly value: number;
  }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/;

/**
 * Reads Prometheus' text format 0.0.4, written from its specification: stricter than Prometheus, so that nothing passes by
 * luck. HELP and TYPE come first and once, samples of a metric stay together, none twice, histograms add up.
 */
export function parseExposition(text: string): ReadonlyMap<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<
    string,
    { type: ReadFamily['type']; help: string; samples: ReadFamily['samples'][number][] }
  >();
  const seen = new Set<string>();
  let open: string | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`).exec(line);
    if (comment !== null) {
      const [, what, name = '', rest = ''] = comment;
      if (what === 'HELP') {
        if (families.has(name)) throw new Error(`${name} is described twice`);
        families.set(name, { type: 'untyped', help: rest, samples: [] });
      } else {
        const family = families.get(name);
        if (family === undefined || family.samples.length > 0)
          throw new Error(`TYPE of ${name} is misplaced`);
        if (!/^(counter|gauge|histogram|summary)$/.test(rest)) throw new Error(`no type: ${rest}`);
        family.type = rest as ReadFamily['type'];
      }
      open = name;
      continue;
    }
    if (line.startsWith('#')) throw new Error(`a comment that is neither HELP nor TYPE: ${line}`);
    const [, name = '', labelText = '', valueText = ''] = SAMPLE.exec(line) ?? fail(`no sample: ${line}`);
    const base = familyOf(name, open, families.get(open ?? '')?.type);
    const family = families.get(base) ?? fail(`${name} comes before its TYPE`);
    const key = `${name}{${labelText}}`;
    if (seen.has(key)) throw new Error(`${key} is there twice`);
    seen.add(key);
    family.samples.push({ name, labels: parseLabels(labelText), value: parseValue(valueText) });
  }
  for (const [name, family] of families) {
    if (family.type === 'histogram') checkHistogram(name, family.samples);
    if (family.type === 'counter')
      for (const { value } of family.samples) if (!(value >= 0)) throw new Error(`${name} counts ${value}`);
  }
  return families;
}

/** The value of one sample. */
export function sampleOf(
  families: ReadonlyMap<string, ReadFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  for (const family of families.values())
    for (const sample of family.samples)
      if (
        sample.name === name &&
        Object.entries(labels).every(([label, text]) => sample.labels.get(label) === text)
      )
        return sample.value;
  return undefined;
}

function familyOf(name: string, open: string | undefined, type: ReadFamily['type'] | undefined): string {
  if (open === undefined) throw new Error(`${name} belongs to nothing`);
  const suffix = name.startsWith(open) ? name.slice(open.length) : fail(`${name} stands below ${open}`);
  const allowed: Partial<Record<ReadFamily['type'], readonly string[]>> = {
    histogram: ['_bucket', '_sum', '_count'],
    summary: ['', '_sum', '_count'],
  };
  if (type === undefined || !(allowed[type] ?? ['']).includes(suffix))
    throw new Error(`${name} is not of ${open}`);
  return open;
}

function parseLabels(text: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  let rest = text;
  while (rest !== '') {
    const [whole, name = '', value = '', comma] = LABEL.exec(rest) ?? fail(`no labels: ${text}`);
    if (labels.has(name)) throw new Error(`label ${name} is there twice`);
    labels.set(
      name,
      value.replace(/\\(["\\n])/g, (_, letter) => (letter === 'n' ? '\n' : letter)),
    );
    rest = rest.slice(whole.length);
    if (comma === ',' && rest === '') throw new Error(`a comma at the end of ${text}`);
  }
  return labels;
}

function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN' || text === 'Nan') return Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error(`no number: ${text}`);
  return Number(text);
}

function checkHistogram(name: string, samples: ReadFamily['samples']): void {
  const series = new Map<string, { last: number; bound: number; count?: number; hasSum: boolean }>();
  for (const { name: sample, labels, value } of samples) {
    const { le, ...others } = Object.fromEntries(labels);
    const key = JSON.stringify(others);
    const state = series.get(key) ?? { last: 0, bound: Number.NEGATIVE_INFINITY, hasSum: false };
    series.set(key, state);
    if (sample === `${name}_sum`) state.hasSum = true;
    else if (sample === `${name}_count`) state.count = value;
    else {
      const bound = parseValue(le ?? fail(`a bucket of ${name} without le`));
      if (bound <= state.bound || value < state.last) throw new Error(`the buckets of ${name} do not ascend`);
      state.bound = bound;
      state.last = value;
    }
  }
  for (const { last, bound, count, hasSum } of series.values())
    if (bound !== Number.POSITIVE_INFINITY || count !== last || !hasSum)
      throw new Error(`${name} does not add up`);
}

function fail(message: string): never {
  throw new Error(message);
}
