/** A number and what is counted, as a sentence has them: `1 job`, `2 jobs`, `0 jobs`. @param many what more than one are called; default with an s */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
