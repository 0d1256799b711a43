/** The time range of a name's page. Pure. */

/** The time ranges, by their name in the address. */
export const windows: Readonly<Record<string, { readonly hours: number; readonly label: string }>> = {
  day: { hours: 24, label: "last 24 hours" },
  hour: { hours: 1, label: "last hour" },
  month: { hours: 720, label: "last 30 days" },
  quarter: { hours: 2160, label: "last 90 days" },
  week: { hours: 168, label: "last 7 days" },
};

/** The time range that the address names; a week by default. */
export const windowOf = (address: URLSearchParams): string => {
  const name = address.get("since") ?? "";
  return Object.hasOwn(windows, name) ? name : "week";
};

/** The query for a name's statistics. */
export const nameQuestion = (name: string, window: string, now: number) => ({
  name,
  since: new Date(now - (windows[window]?.hours ?? 168) * 3_600_000).toISOString(),
  until: new Date(now + 60_000).toISOString(),
});
