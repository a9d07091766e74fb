/** The words of a scope or audience as users write them in submit files: separated by blanks, commas, or both. */
export function wordsOf(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
}
