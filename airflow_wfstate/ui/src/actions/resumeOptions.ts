/** The options of a resume besides the reason: which code to use, and which steps were renamed. */

import type { Code } from "../server/model";

export type ResumeOptions = {
  /** Undefined leaves the decision to Airflow. */
  readonly code: Code | undefined;
  /** For each new step, as `participant.step`: the step that it was before, or `newWork`. */
  readonly origins: Readonly<Record<string, string>>;
};

export const noOptions: ResumeOptions = { code: undefined, origins: {} };

/** Marks a new step that was not another one before. */
export const newWork = "";

/** The renamed steps: new names by old names. */
export const renamesOf = (options: ResumeOptions): Record<string, string> =>
  Object.fromEntries(Object.entries(options.origins).flatMap(([step, old]) => (old === newWork ? [] : [[old, step]])));

/** The steps that are new work. */
export const newStepsOf = (options: ResumeOptions): string[] =>
  Object.entries(options.origins).flatMap(([step, old]) => (old === newWork ? [step] : []));
