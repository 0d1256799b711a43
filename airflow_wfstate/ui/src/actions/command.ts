/** What a button does, as the line of a shell that does the same. */

import type { Decision } from "../server/model";
import { newStepsOf, nothingSaid, renamesOf, type ResumeWish } from "./resumeWish";

/** A word as POSIX shells read it back. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

const line = (...words: readonly string[]): string => ["airflow", "wfstate", ...words].map(quoted).join(" ");

const because = (reason: string): string[] => (reason === "" ? [] : [`--reason=${reason}`]);

/** A resume, or a restart where a step is named. */
export const resumeCommand = (id: string, reason = "", fromStep?: string, wish: ResumeWish = nothingSaid): string =>
  line(
    ...(fromStep === undefined ? ["resume", id] : ["restart", id, `--from=${fromStep}`]),
    ...(wish.code === undefined ? [] : [`--code=${wish.code}`]),
    ...Object.entries(renamesOf(wish)).map(([old, step]) => `--rename=${old}=${step}`),
    ...newStepsOf(wish).map((step) => `--new=${step}`),
    ...because(reason),
  );

export const cancelCommand = (id: string, reason = ""): string => line("cancel", id, ...because(reason));

export const compensateCommand = (id: string, reason = ""): string => line("compensate", id, ...because(reason));

/** A decision needs a reason: where none is given yet, the line has a word in its place. */
export const decideCommand = (id: string, decision: Decision, step: string, round: number, reason = ""): string =>
  line("compensation", decision, id, step, `--round=${round}`, ...because(reason === "" ? "WHY" : reason));
