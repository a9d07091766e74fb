import { html } from 'hono/html';
import { when } from './dashboard-page.ts';
import { type Frame, isOperator, type WebContext } from './frame.ts';
import { type Html, respondPage } from './layout.ts';
import { linkStateInWords } from './link-state.ts';
import type { LinkPicture, LinkProgram, LinkView } from './link-view.ts';
import { linksMap } from './links-map.ts';
import { asSentence } from './sentence.ts';
import { formatSpan } from './time-left.ts';

/** Seconds between two looks of a page that its reader asked to look again. */
const WATCH_SECONDS = 10;
/** Most links in the table; the API gives all. */
const MOST_SHOWN = 300;

/** How the page was asked for. */
export interface LinksPageOptions {
  /** Everybody's, for operators. */
  readonly ofAll: boolean;
  /** The reader wants it to look again by itself. */
  readonly isWatching: boolean;
}

/** Links between machines that programs hold: map, table, and what became of those that are cut. */
export function respondLinksPage(
  frame: Frame,
  c: WebContext,
  { programs, maps }: LinkPicture,
  { ofAll, isWatching }: LinksPageOptions,
): Promise<Response> {
  const now = frame.deps.clock.now();
  const query = (watch: boolean): string => {
    const parts = [...(ofAll ? ['owner=*'] : []), ...(watch ? ['watch=on'] : [])];
    return parts.length === 0 ? '' : `?${parts.join('&')}`;
  };
  const rows = programs.flatMap((program) => program.links.map((link) => ({ program, link })));
  const heading = ofAll ? `All links on ${frame.host}` : 'Your links';
  return respondPage(frame, c, {
    title: ofAll ? 'All links' : 'Your links',
    isWide: true,
    current: 'links',
    ...(isWatching ? { refreshSeconds: WATCH_SECONDS } : {}),
    content: html`<div class="row"><h1>${heading}</h1><a class="button quiet small" href="${frame.base}/links${query(!isWatching)}">${isWatching ? 'Stop looking again' : `Look again every ${WATCH_SECONDS} s`}</a></div>
${isOperator(frame, c) && c.var.browser.user !== undefined ? html`<p><a href="${frame.base}/links${ofAll ? '' : '?owner=*'}">${ofAll ? 'Your own links' : 'Everybody’s links'}</a></p>` : ''}
<p class="lead">${summary(programs)}</p>
${maps.wide.arrows.length === 0 ? '' : html`<section class="card map" aria-label="Map of the links">${linksMap(maps.wide, 'wide', mapInWords(programs))}${linksMap(maps.narrow, 'narrow', mapInWords(programs))}</section>`}
${rows.length === 0 ? nothing() : table(rows, ofAll, now)}
${quiet(programs)}`,
  });
}

interface Row {
  readonly program: LinkProgram;
  readonly link: LinkView;
}

function summary(programs: readonly LinkProgram[]): string {
  const links = programs.flatMap(({ isRunning, links: own }) => (isRunning ? own : []));
  if (links.length === 0) return 'No running program holds links between machines at the moment.';
  const broken = links.filter(({ state }) => state === 'lost' || state === 'degraded').length;
  const count = links.length === 1 ? 'One link' : `${links.length} links`;
  if (broken === 0) return `${count}; none is known to be broken.`;
  return `${count}; ${broken === 1 ? 'one needs' : `${broken} need`} attention.`;
}

function mapInWords(programs: readonly LinkProgram[]): string {
  return `Map: ${summary(programs)} The table below says the same in words.`;
}

function nothing(): Html {
  return html`<section class="card"><h2>What stands here</h2>
<p>A program that couples models on several machines tells of its links with <code>reportLinks(links, { name })</code> of <code>latchkey/remote</code>. On the command line, <code>latchkey links list</code> shows the same.</p></section>`;
}

function table(rows: readonly Row[], ofAll: boolean, now: Date): Html {
  const shown = rows.slice(0, MOST_SHOWN);
  return html`<section class="card plain scroll"><table class="fold links"><caption>Links</caption>
<thead><tr><th scope="col" class="number">No.</th><th scope="col">Way</th><th scope="col">State</th><th scope="col">Last proof</th><th scope="col">Held by</th></tr></thead>
<tbody>${shown.map(({ program, link }) => row(program, link, ofAll, now))}</tbody></table>
${rows.length > shown.length ? html`<p class="empty">${rows.length - shown.length} more are not shown here.</p>` : ''}</section>`;
}

function row(program: LinkProgram, link: LinkView, ofAll: boolean, now: Date): Html {
  const { tone, words } = linkStateInWords(link, program.isRunning);
  const held = html`${program.name}<br><span class="quiet-text small">process ${program.pid}${ofAll ? ` of ${program.owner}` : ''}${program.isRunning ? '' : html`, last told ${when(program.toldAt, now, '–')}`}</span>`;
  return html`<tr><td class="number" data-label="No.">${link.number}</td><th scope="row"><span class="way">${way(link.machines)}</span><br><code class="small quiet-text">${link.from} → ${link.to}</code>${link.isShared ? html`<br><span class="small quiet-text">Other accounts of that machine can connect to it, too.</span>` : ''}</th><td data-label="State:"><span class="chip ${tone}">${words}</span>${standing(link, program.isRunning, now)}${
    link.cause === undefined ? '' : html`<p class="small">${asSentence(link.cause)}</p>`
  }${link.remedy === undefined ? '' : html`<p class="small quiet-text">${asSentence(link.remedy)}</p>`}</td><td data-label="Last proof:">${when(link.provenAt, now, 'none')}</td><td data-label="Held by:">${held}</td></tr>`;
}

/** Since when it is so; of a program that has ended, what it said last. */
function standing(link: LinkView, isRunning: boolean, now: Date): Html {
  const { state, since } = link;
  if (!isRunning) return html` <span class="small quiet-text">it said: ${state}</span>`;
  const exact = since.toISOString();
  return html` <span class="small quiet-text span">for <time datetime="${exact}" title="${exact}">${formatSpan(Math.max(0, now.getTime() - since.getTime()))}</time></span>`;
}

/** `here → thermal`, each name as one word where it has room. */
function way(machines: readonly string[]): Html {
  return html`${machines.map((machine, i) => html`${i === 0 ? '' : ' → '}<span>${machine}</span>`)}`;
}

/** Programs that have no links now are told as well: they run, and nothing is wrong. */
function quiet(programs: readonly LinkProgram[]): Html | '' {
  const idle = programs.filter(({ links, isRunning }) => links.length === 0 && isRunning);
  if (idle.length === 0) return '';
  return html`<p class="quiet-text small">Without links at the moment: ${idle
    .slice(0, 20)
    .map(({ name, pid }) => `${name} (process ${pid})`)
    .join(', ')}</p>`;
}
