/** What a row of a table is opened by: what says so by `data-opens`, else its first link, button, or text that unfolds. */
const openers = "a[href], button, summary";
const rows = "tbody tr, [role=rowgroup] [role=row], [data-row]";

/** Moves the focus from row to row of what a page shows; from outside of them to the first. */
export const moveFocus = (page: HTMLElement, by: -1 | 1): void => {
  const stops = [...page.querySelectorAll<HTMLElement>(rows)].flatMap((row) => {
    const opener = row.querySelector<HTMLElement>("[data-opens]") ?? row.querySelector<HTMLElement>(openers);
    return opener === null ? [] : [{ opener, row }];
  });
  // The innermost row that holds the focus: rows unfold to rows.
  const at = stops.findLastIndex(({ row }) => row.contains(document.activeElement));
  const next = at === -1 ? stops[0] : stops[at + by];
  next?.opener.focus();
  next?.opener.scrollIntoView({ block: "nearest" });
};

/** Puts the cursor into the first search field that can be seen. */
export const focusSearch = (page: HTMLElement): void => {
  const fields = [...page.querySelectorAll<HTMLInputElement>("input[type=search]")];
  const field = fields.find((candidate) => candidate.offsetParent !== null);
  field?.focus();
  field?.select();
};
