/** Quotes text from outside for a message: double quotes, control characters escaped, cut at `max` characters. */
export function quote(text: string, max = 200): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Quotes what should have been a text and may be anything: other values are shown as JSON. Never throws, whatever `value` has for a `toString`. */
export function quoteValue(value: unknown, max?: number): string {
  if (typeof value === 'string') return quote(value, max);
  try {
    return quote(JSON.stringify(value) ?? typeof value, max);
  } catch {
    return quote(typeof value, max);
  }
}
