const traceback = /^.*Traceback \(most recent call last\):\s*$/gm;

/**
 * The line of an error that says what went wrong: the one after the frames of its last traceback, else the first
 * non-blank one. Same rule as `error_line` (domain/rules/error_line.py), but without truncation.
 */
export const errorLine = (error: string): string => {
  const last = [...error.matchAll(traceback)].pop();
  const below = last === undefined ? undefined : /^\S.*$/m.exec(error.slice(last.index + last[0].length))?.[0];
  return (below ?? error.trimStart().split("\n")[0] ?? "").trimEnd();
};
