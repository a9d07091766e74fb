/** The id of the lease for a file stem of a user: `alice/mytokens_read`. */
export function leaseId(user: string, stem: string): string {
  return `${user}/${stem}`;
}

/** User and stem of a lease's id; neither can hold a slash. */
export function readLeaseId(id: string): { readonly user: string; readonly stem: string } {
  const slash = id.indexOf('/');
  return { user: id.slice(0, slash), stem: id.slice(slash + 1) };
}
