import type { JournalEntry } from "../server/model";

/** The event that an entry records; undefined for an entry that was not caused by a service. */
export const eventOf = ({ data }: Pick<JournalEntry, "data">): { id: string; source: string; type: string } | undefined => {
  const { event } = data as { readonly event?: unknown };
  if (typeof event !== "object" || event === null) {
    return undefined;
  }
  const { id, source, type } = event as Record<string, unknown>;
  return typeof id === "string" && typeof source === "string"
    ? { id, source, type: typeof type === "string" ? type : "" }
    : undefined;
};
