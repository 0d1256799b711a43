/** What opens a row: an element with `data-opens`, else its first link, button or summary. */
const openers = "a[href], button, summary";
const rows = "tbody tr, [role=rowgroup] [role=row], [data-row]";

/** The position of the row that had the focus last, and the page that it is on. */
let last: { readonly at: number; readonly page: HTMLElement } | undefined;

/**
 * Moves the focus from row to row on a page; from outside the rows to the first one. When the row with the focus has
 * left the page, it goes on from there.
 */
export const moveFocus = (page: HTMLElement, by: -1 | 1): void => {
  const stops = [...page.querySelectorAll<HTMLElement>(rows)].flatMap((row) => {
    const opener = row.querySelector<HTMLElement>("[data-opens]") ?? row.querySelector<HTMLElement>(openers);
    return opener === null ? [] : [{ opener, row }];
  });
  // The innermost row with the focus, because rows can unfold to more rows.
  const at = stops.findLastIndex(({ row }) => row.contains(document.activeElement));
  const wasAt = document.activeElement === document.body && last?.page === page ? last.at : undefined;
  const wanted = at !== -1 ? at + by : wasAt === undefined ? 0 : Math.min(by === 1 ? wasAt : wasAt - 1, stops.length - 1);
  const next = stops[wanted];
  if (next !== undefined) {
    last = { at: wanted, page };
  }
  next?.opener.focus();
  next?.opener.scrollIntoView({ block: "nearest" });
};

/** Focuses the first visible search field. */
export const focusSearch = (page: HTMLElement): void => {
  const fields = [...page.querySelectorAll<HTMLInputElement>("input[type=search]")];
  const field = fields.find((candidate) => candidate.offsetParent !== null);
  field?.focus();
  field?.select();
};
