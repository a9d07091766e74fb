/** Maps items with up to `ahead` of them under way at once, and yields the results in the items' order. */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  ahead: number,
  map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const running: Promise<Result>[] = [];
  for (const item of items) {
    const started = map(item);
    // Its failure is met when its turn comes; until then it must not count as unhandled.
    started.catch(() => {});
    running.push(started);
    if (running.length >= ahead) {
      const next = running.shift();
      if (next !== undefined) yield await next;
    }
  }
  for (const rest of running) yield await rest;
}
