/**
 * Makes label values of names that others choose: the first `most` names stand for themselves, all later ones are
 * `other`. Users name files, and a monitoring system keeps every label for ever.
 */
export function boundLabels(most: number): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return name;
    if (known.size >= most) return 'other';
    known.add(name);
    return name;
  };
}
