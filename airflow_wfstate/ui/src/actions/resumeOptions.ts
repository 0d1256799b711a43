/** What a person may say beside a reason when a workflow is to go on: with which code, and what was renamed. */

import type { Code } from "../server/model";

export type ResumeWish = {
  /** Undefined: as Airflow itself decides. */
  readonly code: Code | undefined;
  /** By each new step, as `participant.step`, what it is: the step that it was before, or `newWork`. */
  readonly origins: Readonly<Record<string, string>>;
};

export const nothingSaid: ResumeWish = { code: undefined, origins: {} };

/** A new step that was no other before. */
export const newWork = "";

/** The steps that go on under another name: by old name the new one. */
export const renamesOf = (wish: ResumeWish): Record<string, string> =>
  Object.fromEntries(Object.entries(wish.origins).flatMap(([step, old]) => (old === newWork ? [] : [[old, step]])));

/** The steps that are new work. */
export const newStepsOf = (wish: ResumeWish): string[] =>
  Object.entries(wish.origins).flatMap(([step, old]) => (old === newWork ? [step] : []));
