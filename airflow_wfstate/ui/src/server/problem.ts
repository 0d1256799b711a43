/** What the page says when no response comes. */
export const silence = "The api-server does not respond.";

/** Whether the request was given up because the response, or the rest of it, took too long. */
const isTooLate = (problem: unknown): boolean => problem instanceof DOMException && problem.name === "TimeoutError";

/** What went wrong, for people. A SyntaxError means a response that is not JSON: a proxy's page, or half a response. */
export const problemText = (problem: unknown): string => {
  if (problem instanceof SyntaxError) {
    return "The server sent a response that this page does not understand.";
  }
  if (isTooLate(problem)) {
    return silence;
  }
  return problem instanceof Error ? problem.message : String(problem);
};

/** A request without a response. It may have been carried out. */
export class Unanswered extends Error {}

/** A request that the server will never accept, so retrying it makes no sense. */
export class RefusedForGood extends Error {}

/** Whether it is unknown if a request was carried out, because its response was lost or cut short. */
export const isUnknown = (problem: unknown): boolean =>
  problem instanceof Unanswered || problem instanceof SyntaxError || isTooLate(problem);
