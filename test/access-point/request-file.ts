import { randomInt } from 'node:crypto';

/** The ten attributes of an ad, all strings; an absent one is empty. */
export interface LoginAd {
  readonly Provider: string;
  readonly LocalUser: string;
  readonly Handle: string;
  readonly Scopes: string;
  readonly Audience: string;
  readonly ClientId: string;
  readonly ClientSecret: string;
  readonly ReturnUrl: string;
  readonly AuthorizationUrl: string;
  readonly TokenUrl: string;
}

/**
 * The text of a web request file: ClassAds in the old syntax, one attribute a line in no fixed order, an empty line
 * between ads. The writer escapes the double quote and nothing else.
 */
export function formatRequestFile(ads: readonly LoginAd[]): string {
  return ads
    .map((ad) =>
      shuffled(Object.entries(ad))
        .map(([name, value]) => `${name} = "${String(value).replaceAll('"', '\\"')}"\n`)
        .join(''),
    )
    .join('\n');
}

function shuffled<T>(values: readonly T[]): T[] {
  const rest = [...values];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(randomInt(rest.length), 1));
  return order;
}
