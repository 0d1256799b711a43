import type { Decision } from "../server/model";

/** What a person can decide about a compensation that waits. */
export const decisions: readonly { readonly decision: Decision; readonly explained: string; readonly label: string }[] = [
  { decision: "retry", explained: "It is tried again, as many times as its step declares.", label: "Retry" },
  { decision: "skip", explained: "What it would undo stays as it is, and the next one is run.", label: "Skip" },
  { decision: "done", explained: "You have undone it by hand, and the next one is run.", label: "Mark done" },
];

export type Choice = (typeof decisions)[number];
