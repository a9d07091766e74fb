import type { Secret } from '../kit/index.ts';

/** One request of the query API, not yet signed. */
export interface Query {
  readonly action: string;
  /** In the order in which they are sent. A `Secret` is sent, and withheld from everything that is said of the request. */
  readonly parameters: readonly (readonly [name: string, value: string | Secret])[];
}

const API_VERSION = '2016-11-15';

/** The form that is posted; it holds the query's secrets. */
export function encodeQuery(query: Query): string {
  const form = new URLSearchParams({ Action: query.action, Version: API_VERSION });
  for (const [name, value] of query.parameters)
    form.append(name, typeof value === 'string' ? value : value.revealText());
  return form.toString();
}
