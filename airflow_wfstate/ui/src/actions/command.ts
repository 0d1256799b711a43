/** Shell commands that do the same as the buttons. */

import type { Decision } from "../server/model";
import { newStepsOf, noOptions, renamesOf, type ResumeOptions } from "./resumeOptions";

/** A word, quoted for POSIX shells if needed. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

const line = (...words: readonly string[]): string => ["airflow", "wfstate", ...words].map(quoted).join(" ");

const because = (reason: string): string[] => (reason === "" ? [] : [`--reason=${reason}`]);

/** A resume, or a restart if a step is given. */
export const resumeCommand = (id: string, reason = "", fromStep?: string, options: ResumeOptions = noOptions): string =>
  line(
    ...(fromStep === undefined ? ["resume", id] : ["restart", id, `--from=${fromStep}`]),
    ...(options.code === undefined ? [] : [`--code=${options.code}`]),
    ...Object.entries(renamesOf(options)).map(([old, step]) => `--rename=${old}=${step}`),
    ...newStepsOf(options).map((step) => `--new=${step}`),
    ...because(reason),
  );

export const cancelCommand = (id: string, reason = ""): string => line("cancel", id, ...because(reason));

export const compensateCommand = (id: string, reason = ""): string => line("compensate", id, ...because(reason));

/** A decision needs a reason. As long as none is given, the command holds a placeholder. */
export const decideCommand = (id: string, decision: Decision, step: string, round: number, reason = ""): string =>
  line("compensation", decision, id, step, `--round=${round}`, ...because(reason === "" ? "WHY" : reason));
