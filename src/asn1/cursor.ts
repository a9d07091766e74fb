import { children, type Element, expectTag, malformed } from './element.ts';

/** Walks the children of a constructed element in order: required ones, optional ones, and the end. */
export class Cursor {
  readonly #elements: readonly Element[];
  #next = 0;

  constructor(element: Element) {
    this.#elements = children(element);
  }

  get done(): boolean {
    return this.#next >= this.#elements.length;
  }

  /** The next element, which must be there and, if given, have the tag. */
  take(tag?: number): Element {
    const element = this.#elements[this.#next];
    if (element === undefined) throw malformed('an element is missing', 0);
    if (tag !== undefined) expectTag(element, tag);
    this.#next += 1;
    return element;
  }

  /** The next element if it has the tag. */
  takeIf(tag: number): Element | undefined {
    const element = this.#elements[this.#next];
    if (element?.tag !== tag) return undefined;
    this.#next += 1;
    return element;
  }

  /** The next element without moving on. */
  peek(): Element | undefined {
    return this.#elements[this.#next];
  }

  /** All the rest. */
  rest(): readonly Element[] {
    const rest = this.#elements.slice(this.#next);
    this.#next = this.#elements.length;
    return rest;
  }

  /** @throws LatchkeyError `asn1/malformed` when elements are left */
  end(): void {
    if (!this.done) throw malformed(`${this.#elements.length - this.#next} unexpected elements`, 0);
  }
}
