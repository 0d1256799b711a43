/** What a button of the page of events does, as the line of a shell that does the same. */

import { quoted } from "../actions/command";
import type { EventKey } from "../server/events";

/** A drop needs a reason: where none is given yet, the line has a word in its place. */
export const decisionCommand = (decision: "drop" | "replay", { id, source }: EventKey, reason = ""): string => {
  const because = reason === "" && decision === "drop" ? "WHY" : reason;
  const words = ["airflow", "wfstate", "event", decision, source, id, ...(because === "" ? [] : [`--reason=${because}`])];
  return words.map(quoted).join(" ");
};
