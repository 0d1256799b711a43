/** The tooltips of the timeline's bars. Pure. */

import { countsText, words } from "../server/model";
import { counted } from "../text/counted";
import { errorLine } from "../text/errorLine";
import { durationText, timeText } from "../text/time";
import type { Span } from "./axis";
import type { AttemptBar, CompensationBar, GroupBar, ServiceBar } from "./timeline";

/** A title, and facts by name. */
export type Tip = { readonly facts: readonly (readonly [name: string, text: string])[]; readonly title: string };

/** A duration, in milliseconds if seconds would be too coarse. */
export const exactText = (milliseconds: number): string =>
  milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : durationText(milliseconds);

/** A time with milliseconds. */
const momentText = (moment: number): string => `${timeText(new Date(moment))}.${String(moment % 1000).padStart(3, "0")}`;

const ends = (bar: Span, hasEnded: boolean): Tip["facts"] => [
  ["Start", momentText(bar.from)],
  ["End", hasEnded ? momentText(bar.to) : "not yet"],
  [hasEnded ? "Took" : "So far", exactText(bar.to - bar.from)],
];

const errorFact = (error: string | null): Tip["facts"] => {
  const line = errorLine(error ?? "");
  return line === "" ? [] : [["Error", line]];
};

export const tipOfAttempt = (bar: AttemptBar, label: string): Tip => {
  const { attempt, queued, waits } = bar;
  const waited = waits.reduce((sum, wait) => sum + wait.to - wait.from, 0);
  return {
    facts: [
      ...ends(bar, attempt.ended_at !== null),
      ["Try", String(attempt.try_number)],
      ["Worker", attempt.hostname ?? "unknown"],
      ["Queued for", queued === undefined ? "unknown" : exactText(queued.to - queued.from)],
      ...(waited === 0 ? [] : [["Waited", exactText(waited)] as const]),
      ...errorFact(attempt.error),
    ],
    title: `${label}, attempt ${attempt.number}: ${words(attempt.state)}`,
  };
};

export const tipOfGroup = (bar: GroupBar): Tip => {
  const { group } = bar;
  return {
    facts: [...ends(bar, group.state !== "running" && group.state !== "waiting"), ...errorFact(group.error)],
    title: `${group.name}, ${counted(group.items, "item")}: ${countsText(group.by_state)}`,
  };
};

export const tipOfCompensation = (bar: CompensationBar, label: string): Tip => {
  const { compensation } = bar;
  return {
    facts: [
      ...ends(bar, compensation.ended_at !== null),
      ["Attempts", `${compensation.attempts} of ${compensation.max_attempts}`],
      ...errorFact(compensation.error),
    ],
    title: `${label}, compensation ${compensation.handler}: ${words(compensation.state)}`,
  };
};

/** Uses the times of the reports, because nothing is known of what the service did before them. */
export const tipOfService = (bar: ServiceBar, label: string): Tip =>
  bar.step === undefined
    ? {
        facts: [
          ["Since", momentText(bar.from)],
          ["So far", exactText(bar.to - bar.from)],
        ],
        title: `${label}: no report from its service yet`,
      }
    : {
        facts: [
          ["First report", momentText(bar.from)],
          ["Last report", bar.isWaited ? "none since" : momentText(bar.to)],
          [bar.isWaited ? "So far" : "Took", exactText(bar.to - bar.from)],
          ...errorFact(bar.step.error),
        ],
        title: `${label}, by a service: ${words(bar.step.state)}`,
      };

/** The whole tooltip in one line, for screen readers. */
export const tipText = ({ facts, title }: Tip): string => `${title}; ${facts.map(([name, text]) => `${name} ${text}`).join("; ")}`;
