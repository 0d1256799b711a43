/** What opens a row: an element with `data-opens`, else its first link, button or summary. */
const openers = "a[href], button, summary";
const rows = "tbody tr, [role=rowgroup] [role=row], [data-row]";

/** Moves the focus from row to row on a page; from outside the rows to the first one. */
export const moveFocus = (page: HTMLElement, by: -1 | 1): void => {
  const stops = [...page.querySelectorAll<HTMLElement>(rows)].flatMap((row) => {
    const opener = row.querySelector<HTMLElement>("[data-opens]") ?? row.querySelector<HTMLElement>(openers);
    return opener === null ? [] : [{ opener, row }];
  });
  // The innermost row with the focus, because rows can unfold to more rows.
  const at = stops.findLastIndex(({ row }) => row.contains(document.activeElement));
  const next = at === -1 ? stops[0] : stops[at + by];
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
