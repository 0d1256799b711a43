/** The server's time, as far as its responses tell it: a browser's clock can be an hour wrong. */

/** The server's time minus the browser's, in milliseconds. */
let offset = 0;

/** A smaller difference can come from a slow response. */
const tolerance = 30_000;

/** A response tells whole seconds, and arrives a moment later. */
const jitter = 2_000;

/** The present, in milliseconds since 1970. */
export const present = (): number => Date.now() + offset;

/** Learns from the `Date` header of a response; null if it has none. */
export const learnTime = (date: string | null): void => {
  const difference = Date.parse(date ?? "") - Date.now();
  if (Math.abs(difference - offset) > jitter) {
    offset = Math.abs(difference) > tolerance ? difference : 0;
  }
};
