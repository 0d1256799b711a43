import { afterEach, expect, test, vi } from "vitest";

import { learnTime, present } from "../src/text/clock";

const second = 1_000;
const noon = Date.UTC(2026, 10, 27, 12);

const serverSays = (moment: number) => learnTime(new Date(moment).toUTCString());

afterEach(() => vi.useRealTimers());

test("the present is the server's, when the browser's clock is an hour wrong", () => {
  vi.useFakeTimers({ now: noon - 3_600 * second });
  serverSays(noon);
  expect(present()).toBe(noon);
  vi.setSystemTime(noon - 3_599 * second);
  serverSays(noon); // a response that was on its way for a second
  expect(present()).toBe(noon + second);
});

test("a few seconds are not a wrong clock, and a clock that was set right is believed", () => {
  vi.useFakeTimers({ now: noon });
  serverSays(noon - 20 * second);
  expect(present()).toBe(noon);
  serverSays(noon + 3_600 * second);
  expect(present()).toBe(noon + 3_600 * second);
  serverSays(noon);
  expect(present()).toBe(noon);
});

test("a response without a time teaches nothing", () => {
  vi.useFakeTimers({ now: noon });
  learnTime(null);
  learnTime("soon");
  expect(present()).toBe(noon);
});
