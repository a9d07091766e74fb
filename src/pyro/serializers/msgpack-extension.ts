/** Pyro's extension types of MessagePack. Their numbers are little-endian: the machine's order, where Pyro runs. */
export const EXTENSION = {
  /** Two doubles. */
  complex: 0x30,
  /** An integer in decimal digits, where 64 bits are too few. */
  integer: 0x31,
  /** A datetime without zone: a double, seconds since 1970. */
  datetime: 0x32,
  /** A date: the days since 0001-01-01, which is day 1, as a 64-bit integer. */
  date: 0x33,
} as const;
