import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

/** The little of the DOM that the functions below use; they run in the page, and `lib.dom` would reach all of `src/`. */
interface PageElement {
  readonly id: string;
  readonly tagName: string;
  readonly textContent: string | null;
  readonly tabIndex: number;
  readonly classList: { contains(name: string): boolean };
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  closest(selector: string): PageElement | null;
  getBoundingClientRect(): { readonly width: number; readonly height: number };
}

declare const document: {
  readonly title: string;
  readonly documentElement: PageElement;
  readonly activeElement: PageElement | null;
  readonly body: PageElement;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement> & { readonly length: number };
  getElementById(id: string): PageElement | null;
};
declare function getComputedStyle(element: PageElement): { readonly outlineStyle: string };

/**
 * What can be seen by a program of whether a page can be used without sight, mouse or a wide screen; throws with a
 * list of what is wrong. Colours are checked where the palette is.
 */
export async function checkAccessibility(page: Page): Promise<void> {
  const name = new URL(page.url()).pathname.replace(/[0-9a-f]{64}/, '<key>');
  const problems: string[] = await page.evaluate(findProblems);
  assert.deepEqual(problems, [], name);
}

/** No sideways scrolling at 360 px (WCAG 2.2 §1.4.10). */
export async function checkPhoneWidth(page: Page): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  const width: number = await page.evaluate('document.documentElement.scrollWidth');
  assert.ok(width <= 360, `${new URL(page.url()).pathname.slice(0, 12)} is ${width} px wide`);
  if (before !== null) await page.setViewportSize(before);
}

/** The names of what Tab reaches, in order; each must show that it has the focus. */
export async function tabOrder(page: Page): Promise<readonly string[]> {
  const names: string[] = [];
  await page.evaluate('document.activeElement && document.activeElement.blur()');
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(describeFocus);
    if (focused === undefined || (names.length > 0 && focused.isFirst)) break;
    assert.notEqual(focused.outline, 'none', `focus of "${focused.name}" cannot be seen`);
    names.push(focused.name);
  }
  return names;
}

/** Runs in the page. */
function findProblems(): string[] {
  const problems: string[] = [];
  const all = (selector: string): PageElement[] => [...document.querySelectorAll(selector)];
  const nameOf = (element: PageElement): string =>
    (element.getAttribute('aria-label') ?? element.textContent ?? '').trim();
  if ((document.documentElement.getAttribute('lang') ?? '') === '') problems.push('no language');
  if (document.title === '') problems.push('no title');
  if (all('h1').length !== 1) problems.push(`${all('h1').length} h1`);
  for (const landmark of ['header', 'main', 'footer'])
    if (all(landmark).length !== 1) problems.push(`${all(landmark).length} ${landmark}`);
  let level = 0;
  for (const heading of all('h1,h2,h3,h4')) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) problems.push(`a heading jumps from ${level} to ${next}`);
    level = next;
  }
  for (const field of all('input:not([type=hidden]),select,textarea'))
    if (document.querySelector(`label[for="${field.id}"]`) === null)
      problems.push(`no label for ${field.id}`);
  for (const control of all('a,button')) {
    if (nameOf(control) === '') problems.push(`a ${control.tagName} without name`);
    const box = control.getBoundingClientRect();
    const isInText = control.tagName === 'A' && control.closest('p,dd,li') !== null;
    if (!isInText && box.width > 0 && (box.height < 24 || box.width < 24))
      problems.push(`${nameOf(control)} is ${box.width} × ${box.height}`);
  }
  const names = all('main a.button,main button').map(nameOf);
  for (const name of new Set(names))
    if (names.filter((other) => other === name).length > 1) problems.push(`two controls named ${name}`);
  for (const id of all('[id]').map((element) => element.id))
    if (document.querySelectorAll(`[id="${id}"]`).length > 1) problems.push(`two ids ${id}`);
  for (const element of all('[aria-describedby]'))
    for (const id of (element.getAttribute('aria-describedby') ?? '').split(' '))
      if (document.getElementById(id) === null) problems.push(`nothing has the id ${id}`);
  for (const picture of all('img,svg'))
    if (
      !picture.hasAttribute('alt') &&
      picture.getAttribute('aria-hidden') !== 'true' &&
      picture.closest('[aria-hidden=true]') === null &&
      !picture.hasAttribute('aria-label')
    )
      problems.push('a picture without words');
  for (const cell of all('th')) if (!cell.hasAttribute('scope')) problems.push('a th without scope');
  if (all('[style],style,script:not([src])').length > 0) problems.push('inline style or script');
  if (all('[tabindex]').some((element) => element.tabIndex > 0)) problems.push('a tabindex above 0');
  return problems;
}

/** Runs in the page. */
function describeFocus(): { name: string; outline: string; isFirst: boolean } | undefined {
  const element = document.activeElement;
  if (element === null || element === document.body) return undefined;
  const name = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim() || element.id;
  return {
    name,
    outline: getComputedStyle(element).outlineStyle,
    isFirst: element.classList.contains('skip'),
  };
}
