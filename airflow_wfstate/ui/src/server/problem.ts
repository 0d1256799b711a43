/** What went wrong, in words for people. A SyntaxError is of an answer that is no JSON: a proxy's page, or half an answer. */
export const problemText = (problem: unknown): string =>
  problem instanceof SyntaxError
    ? "The server sent a response that this page does not understand."
    : problem instanceof Error
      ? problem.message
      : String(problem);

/** A request whose answer did not come: it may have been carried out. */
export class Unanswered extends Error {}

/** A request that the server will never accept as it is: asked again, it would be refused again. */
export class RefusedForGood extends Error {}

/** Whether it is not known if a request was carried out: its answer was lost, or cut short. */
export const isUnknown = (problem: unknown): boolean => problem instanceof Unanswered || problem instanceof SyntaxError;
