/** The value, or nothing where the bytes are malformed: that is reported once, with the certificate's extensions. */
export function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
