import type { Decision } from "../server/model";

/** The possible decisions about a compensation on hold. */
export const decisions: readonly { readonly decision: Decision; readonly explained: string; readonly label: string }[] = [
  { decision: "retry", explained: "The compensation runs again, with as many attempts as its step declares.", label: "Retry" },
  { decision: "skip", explained: "What it would undo stays as it is, and the next compensation runs.", label: "Skip" },
  { decision: "done", explained: "You have undone it manually, and the next compensation runs.", label: "Mark done" },
];

export type Choice = (typeof decisions)[number];
