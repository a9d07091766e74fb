const MAX_LINES = 1_000_000;

/**
 * The groups of a user by a group map: lines `* user group,group`. The first line that names the user decides; lines of
 * another form are passed over, as HTCondor does. Names of groups that could change the meaning of a scope are left out:
 * only letters, digits and `+ - = _ . / : @` pass, and no `..`.
 */
export function groupsOf(groupMap: string, username: string): string[] {
  let from = 0;
  for (let line = 0; line < MAX_LINES && from <= groupMap.length; line += 1) {
    const end = groupMap.indexOf('\n', from);
    const [star, user, groups] = groupMap
      .slice(from, end < 0 ? undefined : end)
      .trim()
      .split(/\s+/);
    if (star === '*' && user === username && groups !== undefined)
      return [...new Set(groups.split(','))].filter(isGroupName);
    if (end < 0) break;
    from = end + 1;
  }
  return [];
}

function isGroupName(name: string): boolean {
  return /^[A-Za-z0-9+=_./:@-]{1,200}$/.test(name) && !name.includes('..');
}
