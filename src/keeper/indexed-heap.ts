/** Something that lies in at most one heap at a time and knows where. */
export interface HeapItem {
  /** The heap it lies in. This and its place are written by heaps only. */
  heap: { remove(item: HeapItem): void } | undefined;
  heapIndex: number;
}

/** A binary heap: the first by `isBefore` on top, any item removed in logarithmic time. */
export class IndexedHeap<Item extends HeapItem> {
  readonly #items: Item[] = [];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    if (item.heap !== undefined) throw new TypeError('the item is in a heap already');
    item.heap = this;
    this.#put(item, this.#items.length);
    this.#rise(item);
  }

  pop(): Item | undefined {
    const [top] = this.#items;
    if (top !== undefined) this.remove(top);
    return top;
  }

  /** Takes out an item of this heap. */
  remove(item: HeapItem): void {
    if (item.heap !== this) throw new TypeError('the item is not in this heap');
    const at = item.heapIndex;
    item.heap = undefined;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#put(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  /** Puts all in order again after what the order depends on was changed for many. */
  reorder(): void {
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at -= 1) {
      const item = this.#items[at];
      if (item !== undefined) this.#sink(item);
    }
  }

  #put(item: Item, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }

  #rise(item: Item): void {
    while (item.heapIndex > 0) {
      const parent = this.#items[(item.heapIndex - 1) >> 1];
      if (parent === undefined || !this.#isBefore(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: Item): void {
    for (;;) {
      const left = this.#items[2 * item.heapIndex + 1];
      const right = this.#items[2 * item.heapIndex + 2];
      const child = right !== undefined && left !== undefined && this.#isBefore(right, left) ? right : left;
      if (child === undefined || !this.#isBefore(child, item)) return;
      this.#swap(item, child);
    }
  }

  #swap(a: Item, b: Item): void {
    const at = a.heapIndex;
    this.#put(a, b.heapIndex);
    this.#put(b, at);
  }
}
