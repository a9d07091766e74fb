import { html } from 'hono/html';
import type { Html } from './layout.ts';
import { linkStateInWords } from './link-state.ts';
import type { LinkMap } from './link-view.ts';

/** The states whose arrows differ. */
const STATES = ['proven', 'listening', 'opening', 'degraded', 'lost'];
/** Of a picture that has room, against its units. */
const SCALE = 1.25;
/** Beyond this a number says how many. */
const MOST_NUMBERS = 3;

/**
 * A map as inline SVG, painted by classes alone: the page allows no styles of its own. The table says all of it in words, so that readers of
 * screens get one sentence here.
 *
 * @param name of the kind of map: ids are one each on a page
 */
export function linksMap({ width, height, machines, arrows }: LinkMap, name: string, label: string): Html {
  return html`<svg class="links-map ${name}" viewBox="0 0 ${width} ${height}" width="${width * SCALE}" height="${height * SCALE}" role="img" aria-label="${label}">
<defs>${STATES.map((state) => html`<marker id="${name}-${state}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" markerHeight="6" orient="auto"><path class="head ${toneOf(state)}" d="M0 0L10 5L0 10z"/></marker>`)}</defs>
${machines.slice(0, 1).map(box)}
${arrows.map(({ numbers, state, from, to, bend, label: [x, y] }) => {
  const known = STATES.includes(state) ? state : 'opening';
  const which =
    numbers.length > MOST_NUMBERS ? `${numbers[0]} + ${numbers.length - 1} more` : numbers.join(', ');
  // A broken way is seen without colours, too.
  const text = state === 'lost' ? `✕ ${which}` : which;
  const half = 5 + text.length * 4;
  const way = bend === undefined ? `L${to.join(' ')}` : `Q${bend.join(' ')} ${to.join(' ')}`;
  return html`<path class="way ${known} ${toneOf(known)}" d="M${from.join(' ')} ${way}" marker-end="url(#${name}-${known})"/><rect class="gap" x="${x - half}" y="${y - 8}" width="${2 * half}" height="16" rx="8"/><text class="${toneOf(known)}" x="${x}" y="${y + 4.5}">${text}</text>`;
})}
${machines.slice(1).map(box)}
</svg>`;
}

function box({ machine, label, isHere, x, y, width, height }: LinkMap['machines'][number]): Html {
  return html`<g><title>${machine}</title><rect class="box${isHere ? ' here' : ''}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/><text x="${x + width / 2}" y="${y + height / 2 + 4.5}">${label}</text></g>`;
}

function toneOf(state: string): string {
  return linkStateInWords({ state }, true).tone;
}
