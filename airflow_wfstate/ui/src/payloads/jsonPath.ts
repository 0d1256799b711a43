/** JSONPath (RFC 9535), as `redact` and other tools accept it. */

/** The whole value. */
export const rootPath = "$";

/** The path of a member, by its name, or of an item, by its number. */
export const childPath = (path: string, key: number | string): string => {
  if (typeof key === "number") {
    return `${path}[${key}]`;
  }
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `${path}.${key}` : `${path}['${escaped(key)}']`;
};

const shortEscapes: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  "'": "\\'",
  "\\": "\\\\",
};

const escaped = (name: string): string =>
  // eslint-disable-next-line no-control-regex -- the RFC requires exactly these escapes
  name.replaceAll(/[\u0000-\u001f'\\]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return shortEscapes[character] ?? `\\u${code}`;
  });
