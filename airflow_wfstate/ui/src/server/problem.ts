/** What went wrong, in words for people. */
export const problemText = (problem: unknown): string => (problem instanceof Error ? problem.message : String(problem));
