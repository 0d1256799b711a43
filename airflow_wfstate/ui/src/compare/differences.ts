/** Where two JSON values differ. Pure. */

import type { JsonValue } from "../server/model";
import { childPath, rootPath } from "../payloads/jsonPath";

/** A path at which two values differ. The side that has no value there is undefined. */
export type Difference = {
  readonly left: JsonValue | undefined;
  readonly path: string;
  readonly right: JsonValue | undefined;
};

/** How many differences a page shows. */
export const mostDifferences = 200;

/**
 * The deepest paths at which two values differ, in the order of the left one.
 *
 * @returns at most one more than `mostDifferences`; the extra one signals that there are more.
 */
export const differencesOf = (left: JsonValue | undefined, right: JsonValue | undefined): Difference[] => {
  const found: Difference[] = [];
  collect(left, right, rootPath, found);
  return found;
};

const collect = (left: JsonValue | undefined, right: JsonValue | undefined, path: string, found: Difference[]): void => {
  if (found.length > mostDifferences) {
    return;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
      collect(left[index], right[index], childPath(path, index), found);
    }
  } else if (isObject(left) && isObject(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      collect(memberOf(left, key), memberOf(right, key), childPath(path, key), found);
    }
  } else if (isContainer(left) || isContainer(right) || left !== right) {
    found.push({ left, path, right });
  }
};

type JsonObject = { readonly [key: string]: JsonValue };

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isContainer = (value: JsonValue | undefined): boolean => typeof value === "object" && value !== null;

/** Reads only own members, because a stored object may have, or lack, a member named "constructor". */
const memberOf = (value: JsonObject, key: string): JsonValue | undefined =>
  Object.hasOwn(value, key) ? value[key] : undefined;
