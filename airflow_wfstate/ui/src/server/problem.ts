/** What went wrong, in words for people. A SyntaxError is of an answer that is no JSON: a proxy's page, or half an answer. */
export const problemText = (problem: unknown): string =>
  problem instanceof SyntaxError
    ? "The server's answer is not what this page expects."
    : problem instanceof Error
      ? problem.message
      : String(problem);
