import { HERE, type Place } from './place.ts';

/**
 * How machines reach each other. `ssh`: nothing but this machine's own logins, so that everything between two others goes
 * through here. `direct`: each machine reaches each other's addresses (one network, or a VPN).
 */
export type LinkMode = 'ssh' | 'direct';

/**
 * The way of connections from an observer to a place. `same`: the address as it is. `direct`: the machine's own address. `forward`: by the
 * connection to the place's machine. `reverse`: the place is here and the observer there. `relay`: both, this machine in the middle.
 */
export type Route =
  | { readonly kind: 'same' }
  | { readonly kind: 'direct' }
  | { readonly kind: 'forward'; readonly to: string }
  | { readonly kind: 'reverse'; readonly at: string }
  | { readonly kind: 'relay'; readonly to: string; readonly at: string };

/** Only this machine holds credentials, so every way goes through it: that A reaches B and B reaches C gives A a way to C. */
export function routeBetween(observer: string, place: Place, mode: LinkMode): Route {
  if (observer === place.machine) return { kind: 'same' };
  if (mode === 'direct') return { kind: 'direct' };
  if (observer === HERE) return { kind: 'forward', to: place.machine };
  if (place.machine === HERE) return { kind: 'reverse', at: observer };
  return { kind: 'relay', to: place.machine, at: observer };
}

/** The machines that a way passes, the observer's first. */
export function machinesOn(observer: string, place: Place, mode: LinkMode): readonly string[] {
  const { kind } = routeBetween(observer, place, mode);
  if (kind === 'same') return [observer];
  return kind === 'relay' ? [observer, HERE, place.machine] : [observer, place.machine];
}
