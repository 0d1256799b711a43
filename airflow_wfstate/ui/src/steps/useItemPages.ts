import { useCallback, useRef, useState } from "react";

import type { Step, StepPage } from "../server/model";
import { useFresh } from "../server/useFresh";

/** The number of items in a response of about 40 kB. */
export const itemsOfPage = 50;

/** A loaded page: the `after` that it was requested with, and the one for the next page. */
type Page = { readonly after: string | undefined; readonly next: string | null; readonly steps: readonly Step[] };

/**
 * The items of a step. Only the visible pages are loaded and refreshed. A page can be found only from the one before it,
 * so a jump loads the pages in between, once.
 *
 * @param subject identifies whose items they are. A different subject drops all pages.
 * @param load requests the page after `after`; undefined for the first page.
 */
export const useItemPages = (
  subject: string,
  load: (after: string | undefined, signal: AbortSignal) => Promise<StepPage>,
) => {
  const [seen, setSeen] = useState({ first: 0, last: 0 });
  const kept = useRef<{ readonly pages: Page[]; readonly subject: string }>({ pages: [], subject });
  const from = Math.floor(seen.first / itemsOfPage);
  const to = Math.floor(seen.last / itemsOfPage);

  const fresh = useFresh(
    `${subject} ${from}-${to}`,
    async (signal) => {
      if (kept.current.subject !== subject) {
        kept.current = { pages: [], subject };
      }
      const { pages } = kept.current;
      for (let number = 0, after: string | null | undefined; number <= to && after !== null; number += 1) {
        const known = pages[number];
        // A page before the visible ones needs no refresh, unless items were inserted before it.
        if (known === undefined || known.after !== after || number >= from) {
          const page = await load(after, signal);
          pages[number] = { after, next: page.next_after, steps: page.steps };
        }
        after = pages[number]?.next;
        if (after === null) {
          pages.length = number + 1;
        }
      }
      return [...pages];
    },
    5,
    subject,
  );

  const pages = fresh.value ?? [];
  return {
    fresh,
    /** Whether all items are loaded. */
    isWhole: pages.length > 0 && pages[pages.length - 1]?.next === null,
    itemAt: (index: number): Step | undefined => pages[Math.floor(index / itemsOfPage)]?.steps[index % itemsOfPage],
    loaded: pages.reduce((sum, page) => sum + page.steps.length, 0),
    seen: useCallback(
      (first: number, last: number) =>
        setSeen((before) => (before.first === first && before.last === last ? before : { first, last })),
      [],
    ),
  };
};
