/** Shell commands that do the same as the buttons on the events page. */

import { quoted } from "../actions/command";
import type { EventKey } from "../server/events";

/** A drop needs a reason. As long as none is given, the command holds a placeholder. */
export const decisionCommand = (decision: "drop" | "replay", { id, source }: EventKey, reason = ""): string => {
  const because = reason === "" && decision === "drop" ? "WHY" : reason;
  const words = ["airflow", "wfstate", "event", decision, source, id, ...(because === "" ? [] : [`--reason=${because}`])];
  return words.map(quoted).join(" ");
};
