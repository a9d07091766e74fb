import type { Distribution } from './distribution.ts';

/** Labels of one sample, in the order they are written. */
type Labels = Readonly<Record<string, string>>;

/** One metric with all its samples. */
export type MetricFamily =
  | {
      readonly name: string;
      readonly help: string;
      readonly type: 'counter' | 'gauge';
      readonly samples: readonly { readonly labels?: Labels; readonly value: number }[];
    }
  | {
      readonly name: string;
      readonly help: string;
      readonly type: 'histogram';
      readonly samples: readonly { readonly labels?: Labels; readonly value: Distribution }[];
    };

/** Media type of {@link expositionText}. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text format 0.0.4. A family without samples is left out. */
export function expositionText(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(
      (family) =>
        `# HELP ${family.name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n` +
        `# TYPE ${family.name} ${family.type}\n${sampleLines(family).join('\n')}\n`,
    )
    .join('');
}

function sampleLines(family: MetricFamily): string[] {
  const { name } = family;
  if (family.type !== 'histogram')
    return family.samples.map(({ labels, value }) => line(name, labels, value));
  return family.samples.flatMap(({ labels, value }) => histogramLines(name, labels, value));
}

function histogramLines(name: string, labels: Labels | undefined, values: Distribution): string[] {
  let total = 0;
  const buckets = values.counts.map((part, index) => {
    total += part;
    const le = index < values.bounds.length ? String(values.bounds[index]) : '+Inf';
    return line(`${name}_bucket`, { ...labels, le }, total);
  });
  return [...buckets, line(`${name}_sum`, labels, values.sum), line(`${name}_count`, labels, total)];
}

function line(name: string, labels: Labels | undefined, value: number): string {
  const pairs = Object.entries(labels ?? {}).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
