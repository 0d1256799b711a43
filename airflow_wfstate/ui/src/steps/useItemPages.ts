import { useCallback, useRef, useState } from "react";

import type { Step, StepPage } from "../server/model";
import { useFresh } from "../server/useFresh";

/** What an answer of about 40 kB holds. */
export const itemsOfPage = 50;

/** A page as it was loaded: what was asked for as `after`, and what is asked for after it. */
type Page = { readonly after: string | undefined; readonly next: string | null; readonly steps: readonly Step[] };

/**
 * The items of a step, of which those pages are loaded, and kept up to date, that can be seen. A page is found from the
 * one before it alone, so that a jump loads what lies between, once.
 *
 * @param subject names whose items they are: of another subject nothing is kept.
 * @param load asks for the page behind `after`; undefined for the first.
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
        // Below those that are seen a page is good as it is, unless items have come in before it.
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
    /** Whether no item follows those that are loaded. */
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
