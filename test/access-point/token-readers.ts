/**
 * The token a curl file-transfer plugin finds: line by line; a line that begins with `{` or `[` must be a whole JSON
 * object on that one line, any other line is the bare token, `#` is a comment.
 */
export function curlPluginToken(contents: string): string | undefined {
  for (const raw of contents.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('{') || line.startsWith('[')) return accessToken(line);
    return line;
  }
  return undefined;
}

/** The token a box, gdrive or onedrive plugin finds: the whole file is JSON with `access_token`. */
export function jsonPluginToken(contents: string): string | undefined {
  return accessToken(contents);
}

function accessToken(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('access_token' in value)) return undefined;
    return typeof value.access_token === 'string' && value.access_token !== ''
      ? value.access_token
      : undefined;
  } catch {
    return undefined;
  }
}
