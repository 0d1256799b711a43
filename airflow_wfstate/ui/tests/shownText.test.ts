import { describe, expect, it } from "vitest";

import { shownText } from "../src/text/shownText";

describe("shownText", () => {
  it.each([
    ["naïve, 日本, שלום\nsecond line", "naïve, 日本, שלום\nsecond line"],
    ["\u001b[31mred", "\\x1b[31mred"],
    ["paid\u202elon", "paid\\u202elon"],
    ["a\u200bb\t", "a\\u200bb\\t"],
    ["\u{e0041}", "\\U000e0041"],
    ["\ud800", "\\ud800"],
    ["👩\u200d🔧 ❤\ufe0f", "👩\u200d🔧 ❤\ufe0f"],
  ])("%j", (text, shown) => expect(shownText(text)).toBe(shown));
});
