/** What went wrong, for people. A SyntaxError means a response that is not JSON: a proxy's page, or half a response. */
export const problemText = (problem: unknown): string =>
  problem instanceof SyntaxError
    ? "The server sent a response that this page does not understand."
    : problem instanceof Error
      ? problem.message
      : String(problem);

/** A request without a response. It may have been carried out. */
export class Unanswered extends Error {}

/** A request that the server will never accept, so retrying it makes no sense. */
export class RefusedForGood extends Error {}

/** Whether it is unknown if a request was carried out, because its response was lost or cut short. */
export const isUnknown = (problem: unknown): boolean => problem instanceof Unanswered || problem instanceof SyntaxError;
