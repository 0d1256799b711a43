import { describe, expect, it } from "vitest";

import { differencesOf, mostDifferences } from "../src/compare/differences";
import { childPath, rootPath } from "../src/payloads/jsonPath";
import { valueOrText } from "../src/server/json";

describe("childPath", () => {
  it.each([
    ["carrier", "$.carrier"],
    [0, "$[0]"],
    ["two words", "$['two words']"],
    ["it's", "$['it\\'s']"],
    ["back\\slash", "$['back\\\\slash']"],
    ["line\nbreak", "$['line\\nbreak']"],
    ["\u0001", "$['\\u0001']"],
    ["1st", "$['1st']"],
  ])("%s", (key, path) => expect(childPath(rootPath, key)).toBe(path));
});

describe("valueOrText", () => {
  it.each([
    ["null", null],
    ['"null"', "null"],
    ["0", 0],
    ["12345678901234567890", "12345678901234567890"],
    ["NaN", "NaN"],
  ])("%s", (text, value) => expect(valueOrText(text)).toBe(value));
});

describe("differencesOf", () => {
  it("names the deepest paths alone", () =>
    expect(differencesOf({ a: [1, { b: 2 }], c: 3 }, { a: [1, { b: 5 }], c: 3 })).toEqual([
      { left: 2, path: "$.a[1].b", right: 5 },
    ]));
  it("tells what one side does not have from null", () =>
    expect(differencesOf({ a: null }, { b: 1 })).toEqual([
      { left: null, path: "$.a", right: undefined },
      { left: undefined, path: "$.b", right: 1 },
    ]));
  it("takes values of two kinds as a whole", () =>
    expect(differencesOf([1], { a: 1 })).toEqual([{ left: [1], path: "$", right: { a: 1 } }]));
  it("looks at own members alone", () =>
    expect(differencesOf({ constructor: 1 }, {})).toEqual([{ left: 1, path: "$.constructor", right: undefined }]));
  it("finds none between equal values", () => expect(differencesOf({ a: [1, {}] }, { a: [1, {}] })).toEqual([]));
  it("stops when a page is full", () =>
    expect(differencesOf(Array.from({ length: 5000 }, () => 1), [])).toHaveLength(mostDifferences + 1));
});
