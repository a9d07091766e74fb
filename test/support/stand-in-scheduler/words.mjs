// What the tools' command lines and directives say.
import { readFileSync } from 'node:fs';

/** Options of directives, as [name, value]; quotes around a value are taken off. */
export function directives(script, prefix) {
  return readFileSync(script, 'utf8')
    .split('\n')
    .flatMap((line) =>
      line.startsWith(`${prefix} -`) ? optionsOf(split(line.slice(prefix.length + 1))) : [],
    );
}

/** `-o value` pairs; an option without a value has "". */
export function optionsOf(args) {
  const found = [];
  for (let n = 0; n < args.length; n += 1) {
    const next = args[n + 1];
    const hasValue = next !== undefined && !/^-[A-Za-z]/.test(next);
    found.push([args[n].replace(/^-+/, ''), hasValue ? next : '']);
    if (hasValue) n += 1;
  }
  return found;
}

function split(text) {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, inner, word]) =>
    inner === undefined ? word : inner.replace(/\\(.)/g, '$1'),
  );
}
