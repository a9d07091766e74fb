/** A terminal's size in cells. */
export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * As many lines of a status as a terminal has room for: the first ones, each cut at the right edge; when there are more, the last one says how
 * many. Never more lines than rows, whatever the terminal and however many the jobs, so that nothing scrolls.
 *
 * @param heading how many of the first lines are no jobs
 */
export function screenLines(
  lines: readonly string[],
  heading: number,
  { rows, columns }: ScreenSize,
): readonly string[] {
  const cut = (line: string) => {
    const cells = [...line];
    return cells.length <= columns ? line : `${cells.slice(0, Math.max(0, columns - 1)).join('')}…`;
  };
  if (lines.length <= rows) return lines.map(cut);
  const shown = lines.slice(0, Math.max(1, rows - 1));
  const hidden = lines.length - Math.max(shown.length, heading);
  return [...shown, ...(rows > 1 ? [`… ${hidden} more`] : [])].map(cut);
}
