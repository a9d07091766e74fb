/**
 * `latchkey/remote`: applications on other machines: where they are registered, the servers that start them, and the links between
 * machines that may not see each other. It knows nothing of pages and of the command line.
 */
export type { Link, LinkParts } from './link/link.ts';
export { drawLinks, linkLines } from './link/link-map.ts';
export {
  type LinkReport,
  type LinksReport,
  linkReportDirectory,
  readLinkReports,
  reportLinks,
} from './link/link-report.ts';
export type { LinkState } from './link/link-state.ts';
export { Links, type LinksOptions, type OpenOptions } from './link/links.ts';
export { HERE, type Place } from './link/place.ts';
export { type LinkMode, machinesOn, type Route, routeBetween } from './link/route.ts';
