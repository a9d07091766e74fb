/** A message of ours (lower case, without full stop) as it stands on a page; addresses and names stay as they are. */
export function asSentence(message: string): string {
  const [word = ''] = message.split(' ', 1);
  return /^[a-z][a-z’'-]*[:,]?$/.test(word)
    ? `${word.slice(0, 1).toUpperCase()}${message.slice(1)}`
    : message;
}
