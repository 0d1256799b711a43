/** The page's own routes on the api-server. The browser sends Airflow's cookie along; nothing else authenticates. */

import type { JournalAnswer, WorkflowDetail, WorkflowState, WorkflowsAnswer } from "./domain";

export type WorkflowsQuestion = {
  states: readonly WorkflowState[];
  keyPrefix: string;
  cursor: string | null;
};

export const getWorkflows = (question: WorkflowsQuestion, signal: AbortSignal): Promise<WorkflowsAnswer> => {
  const parameters = new URLSearchParams();
  question.states.forEach((state) => parameters.append("state", state));
  if (question.keyPrefix !== "") {
    parameters.set("key_prefix", question.keyPrefix);
  }
  if (question.cursor !== null) {
    parameters.set("cursor", question.cursor);
  }
  return get(`workflows?${parameters}`, signal);
};

export const getWorkflow = (id: string, signal: AbortSignal): Promise<WorkflowDetail> =>
  get(`workflows/${encodeURIComponent(id)}`, signal);

export const getJournal = (id: string, after: number, signal: AbortSignal): Promise<JournalAnswer> =>
  get(`workflows/${encodeURIComponent(id)}/journal?after=${after}`, signal);

const get = async <Answer>(path: string, signal: AbortSignal): Promise<Answer> => {
  // Airflow's <base> names the server's root, also behind a proxy that serves it under a path.
  const address = new URL(`wfstate/ui/${path}`, document.baseURI);
  const response = await fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" }, signal });
  if (!response.ok) {
    throw new Error(await reasonOf(response));
  }
  return (await response.json()) as Answer;
};

/** What the server says is wrong and what to do about it, or the bare status when it says nothing. */
const reasonOf = async (response: Response): Promise<string> => {
  if (response.status === 401) {
    return "Your session has ended. Reload the page to log in again.";
  }
  const body: unknown = await response.json().catch(() => null);
  if (typeof body === "object" && body !== null) {
    const parts = ["reason", "remedy"].map((name) => (body as Record<string, unknown>)[name]);
    const text = parts.filter((part) => typeof part === "string").join(" ");
    if (text !== "") {
      return text;
    }
  }
  return `The server answered ${response.status} ${response.statusText}.`;
};
