import { counted } from "../text/counted";
import type { JsonValue } from "./model";

/**
 * The value of a stored text; undefined when a browser would change it. Browsers do not accept NaN and infinities in
 * JSON, and integers beyond 2^53 lose digits. Such a text is shown as stored.
 */
export const parseExactly = (text: string): JsonValue | undefined => {
  if (/\d{16,}/.test(text)) {
    return undefined;
  }
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};

/** The value of a stored text; the text itself when a browser would change the value. */
export const valueOrText = (text: string): JsonValue => {
  const value = parseExactly(text);
  return value === undefined ? text : value; // a value may be null
};

/** A size in bytes, in a suitable unit. */
export const sizeText = (bytes: number): string =>
  bytes < 1024
    ? counted(bytes, "byte")
    : bytes < 1024 ** 2
      ? `${(bytes / 1024).toFixed(1)} KiB`
      : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
