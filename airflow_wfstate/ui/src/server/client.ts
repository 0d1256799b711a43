/**
 * The page's own routes on the api-server, typed by the OpenAPI document. The browser sends Airflow's cookie along;
 * nothing else authenticates.
 */

import createClient from "openapi-fetch";

import { keptAnswers } from "./keptAnswers";

import type {
  AllowedActions,
  CancelPlan,
  CheckpointPage,
  CompensatePlan,
  CompensationPage,
  CompensationState,
  Decision,
  Graph,
  EntryKind,
  Health,
  JournalPage,
  NameStats,
  ResumePlan,
  Step,
  StepDensity,
  StepCompensation,
  StepPage,
  TaskActivity,
  WorkflowDetail,
  WorkflowPage,
  WorkflowStats,
} from "./model";
import { problemText, RefusedForGood, Unanswered } from "./problem";
import { newStepsOf, renamesOf, type ResumeWish } from "../actions/resumeWish";
import { words, workingStates, type WorkflowState } from "./model";
import type { operations, paths } from "./schema";

/** The document describes /v1; the page's routes are the same, below /ui. */
class PageRequest extends Request {
  constructor(input: RequestInfo | URL, init?: RequestInit) {
    super(typeof input === "string" ? input.replace("/wfstate/v1/", "/wfstate/ui/") : input, init);
  }
}

// Airflow's <base> names the server's root, also behind a proxy that serves it under a path.
export const client = createClient<paths>({
  baseUrl: new URL("wfstate", document.baseURI).href,
  credentials: "same-origin",
  Request: PageRequest,
});

client.use(keptAnswers());
client.use({
  // fetch says only "Failed to fetch", in the browser's words, when nobody answers.
  onError: ({ error }) => (error instanceof TypeError ? new Unanswered("The api-server does not respond.") : undefined),
});

export type WorkflowsQuestion = NonNullable<operations["list_workflows_v1_workflows_get"]["parameters"]["query"]>;
export type StepsQuestion = NonNullable<
  operations["list_steps_v1_workflows__workflow_id__steps_get"]["parameters"]["query"]
>;
export type StatsQuestion = NonNullable<operations["read_stats_v1_stats_get"]["parameters"]["query"]>;

/** What a write did, in one sentence. */
export type Outcome = { readonly changed: boolean; readonly outcome: string };

const one = "/v1/workflows/{workflow_id}";
const named = (workflowId: string) => ({ path: { workflow_id: workflowId } });

export const getWorkflows = async (query: WorkflowsQuestion, signal: AbortSignal): Promise<WorkflowPage> =>
  answer<WorkflowPage>(await client.GET("/v1/workflows", { params: { query }, signal }));

export const getStats = async (query: StatsQuestion, signal: AbortSignal): Promise<WorkflowStats> =>
  answer<WorkflowStats>(await client.GET("/v1/stats", { params: { query }, signal }));

/** Whether the store is well, and how it finds texts. */
export const getHealth = async (signal: AbortSignal): Promise<Health> =>
  answer<Health>(await client.GET("/v1/health", { signal }));

export const getNameStats = async (query: StatsQuestion, signal: AbortSignal): Promise<NameStats> =>
  answer<NameStats>(await client.GET("/v1/stats/name", { params: { query }, signal }));

/** Where the workflow stands; its steps by group alone. */
export const getWorkflow = async (id: string, signal: AbortSignal): Promise<WorkflowDetail> =>
  answer<WorkflowDetail>(await client.GET(one, { params: { ...named(id), query: { step_limit: 0 } }, signal }));

/**
 * Who takes part, their tasks and steps, and what follows what.
 *
 * @param skip how many lanes to leave out, the first ones.
 */
export const getGraph = async (id: string, skip: number, signal: AbortSignal): Promise<Graph> =>
  answer<Graph>(await client.GET(`${one}/graph`, { params: { ...named(id), query: { skip } }, signal }));

/** How many items of each mapped step were at work when. */
export const getDensity = async (id: string, signal: AbortSignal): Promise<StepDensity[]> =>
  answer<{ steps: StepDensity[] }>(await client.GET(`${one}/density`, { params: named(id), signal })).steps;

export const getSteps = async (id: string, query: StepsQuestion, signal: AbortSignal): Promise<StepPage> =>
  answer<StepPage>(await client.GET(`${one}/steps`, { params: { ...named(id), query }, signal }));

/** Every step that is not mapped, page after page: as many as the workflow's DAGs declare. */
export const getUnmappedSteps = async (id: string, signal: AbortSignal): Promise<Step[]> => {
  const steps: Step[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page: StepPage = await getSteps(id, { is_mapped: false, ...(after === undefined ? {} : { after }) }, signal);
    steps.push(...page.steps);
    after = page.next_after;
  }
  return steps;
};

/** What a journal is narrowed to; undefined, and no kind, for no such limit. */
export type JournalFilter = { readonly kinds: readonly EntryKind[]; readonly step: string | undefined };

const journalQuery = ({ kinds, step }: JournalFilter) => ({ kind: [...kinds], ...(step === undefined ? {} : { step }) });

export const getJournal = async (
  id: string,
  after: number,
  filter: JournalFilter,
  signal: AbortSignal,
): Promise<JournalPage> =>
  answer<JournalPage>(
    await client.GET(`${one}/journal`, {
      params: { ...named(id), query: { after, limit: 100, ...journalQuery(filter) } },
      signal,
    }),
  );

/** Where the browser downloads the journal as a file. */
export const journalFileAddress = (id: string, format: "csv" | "ndjson", filter: JournalFilter): string => {
  const { kind, step } = journalQuery(filter);
  const query = new URLSearchParams({ format, ...(step === undefined ? {} : { step }) });
  for (const one of kind) {
    query.append("kind", one);
  }
  return new URL(`wfstate/ui/workflows/${encodeURIComponent(id)}/journal/export?${query}`, document.baseURI).href;
};

export const compensationsOfPage = 100;

/** The run whose relay undoes it. */
export type RunOfCompensations = { readonly dag_id: string; readonly run_id: string };

type CompensationsWanted = {
  /** Where the page begins; undefined for what is undone first. */
  readonly before?: number | undefined;
  readonly limit?: number;
  readonly run?: RunOfCompensations | undefined;
  readonly state?: CompensationState[];
};

export const getCompensations = async (
  id: string,
  { before, limit = compensationsOfPage, run, state }: CompensationsWanted,
  signal: AbortSignal,
): Promise<CompensationPage> =>
  answer<CompensationPage>(
    await client.GET(`${one}/compensations`, {
      params: {
        ...named(id),
        query: {
          limit,
          ...(before === undefined ? {} : { before }),
          ...(run ?? {}),
          ...(state === undefined ? {} : { state }),
        },
      },
      signal,
    }),
  );

/** Those that hold an undo up: the failed ones, at most twenty; where none has failed, the one that would be next. */
export const getPendingCompensations = async (id: string, signal: AbortSignal): Promise<StepCompensation[]> => {
  const failed = await getCompensations(id, { limit: 20, state: ["failed"] }, signal);
  return failed.compensations.length > 0
    ? failed.compensations
    : (await getCompensations(id, { limit: 1, state: ["armed", "running"] }, signal)).compensations;
};

export const getTaskActivity = async (
  id: string,
  task: NonNullable<operations["read_task_activity_v1_workflows__workflow_id__task_activity_get"]["parameters"]["query"]>,
  signal: AbortSignal,
): Promise<TaskActivity> =>
  answer<TaskActivity>(
    await client.GET(`${one}/task-activity`, { params: { ...named(id), query: task }, signal }),
  );

export const getStep = async (id: string, stepId: string): Promise<Step> =>
  answer<Step>(
    await client.GET(`${one}/steps/{step_id}`, { params: { path: { step_id: stepId, workflow_id: id } } }),
  );

/** @param after where the page begins; undefined for the first. */
export const getCheckpoints = async (
  id: string,
  stepId: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<CheckpointPage> =>
  answer<CheckpointPage>(
    await client.GET(`${one}/steps/{step_id}/checkpoints`, {
      params: { path: { step_id: stepId, workflow_id: id }, query: { limit: 20, ...(after === undefined ? {} : { after }) } },
      signal,
    }),
  );

export const getActions = async (id: string, signal: AbortSignal): Promise<AllowedActions> =>
  answer<AllowedActions>(await client.GET(`${one}/actions`, { params: named(id), signal }));

export const getResumePlan = async (
  id: string,
  fromStep: string | undefined,
  wish: ResumeWish,
  signal: AbortSignal,
): Promise<ResumePlan> =>
  answer<ResumePlan>(
    await client.GET(`${one}/resume-plan`, {
      params: {
        ...named(id),
        query: {
          ...(fromStep === undefined ? {} : { from_step: fromStep }),
          ...(wish.code === undefined ? {} : { code: wish.code }),
          new_step: newStepsOf(wish),
          rename: Object.entries(renamesOf(wish)).map(([old, step]) => `${old}=${step}`),
        },
      },
      signal,
    }),
  );

/** Of a cancel that leaves what was done as it is. */
export const getCancelPlan = async (id: string, signal: AbortSignal): Promise<CancelPlan> =>
  answer<CancelPlan>(await client.GET(`${one}/cancel-plan`, { params: named(id), signal }));

export const getCompensatePlan = async (id: string, signal: AbortSignal): Promise<CompensatePlan> =>
  answer<CompensatePlan>(await client.GET(`${one}/compensate-plan`, { params: named(id), signal }));

/**
 * The version of a workflow whose plan somebody has confirmed, to be sent with the action: in another one the server
 * does nothing. Null while steps are at work, since each of them gives the workflow a new version.
 *
 * @param state that the plan was made in.
 */
const confirmedVersion = async (id: string, state: WorkflowState): Promise<number | null> => {
  const { summary } = await getWorkflow(id, AbortSignal.timeout(30_000)).catch((problem: unknown) => {
    throw new Error(problemText(problem)); // nothing was sent yet, so it is known that nothing was done
  });
  if (summary.state !== state) {
    throw new Error(`The workflow is now ${words(summary.state)}, no longer ${words(state)}. Check the plan again.`);
  }
  return workingStates.includes(state) ? null : summary.version;
};

/** @param state in which the workflow was when its plan was made, as for every action. */
export const resume = async (
  id: string,
  state: WorkflowState,
  fromStep: string | undefined,
  reason: string,
  wish: ResumeWish,
): Promise<Outcome> => {
  const body = {
    code: wish.code ?? null,
    if_version: await confirmedVersion(id, state),
    new_steps: newStepsOf(wish),
    reason: reason === "" ? null : reason,
    renames: renamesOf(wish),
  };
  return fromStep === undefined
    ? answer<Outcome>(await client.POST(`${one}/resume`, { body, params: named(id) }))
    : answer<Outcome>(await client.POST(`${one}/restart`, { body: { ...body, from_step: fromStep }, params: named(id) }));
};

/** What was done stays as it is. */
export const cancel = async (id: string, state: WorkflowState, reason: string): Promise<Outcome> =>
  answer<Outcome>(
    await client.POST(`${one}/cancel`, {
      body: { compensate: false, if_version: await confirmedVersion(id, state), reason: reason === "" ? null : reason },
      params: named(id),
    }),
  );

export const compensate = async (id: string, state: WorkflowState, reason: string): Promise<Outcome> =>
  answer<Outcome>(
    await client.POST(`${one}/compensate`, {
      body: { if_version: await confirmedVersion(id, state), reason: reason === "" ? null : reason },
      params: named(id),
    }),
  );

export const decide = async (
  id: string,
  decision: Decision,
  step: string,
  round: number,
  reason: string,
): Promise<Outcome> => {
  const { state } = answer<{ state: string }>(
    await client.POST(`${one}/compensation`, { body: { decision, reason, round, step }, params: named(id) }),
  );
  return { changed: true, outcome: `The compensation of ${step} is now ${state.replaceAll("_", " ")}.` };
};

export type Fetched = { readonly data?: unknown; readonly error?: unknown; readonly response: Response };

/** The answer, or an Error with what the server says is wrong and what to do about it. */
export const answer = <Shape>({ data, error, response }: Fetched): Shape => {
  if (!response.ok) {
    const Problem = response.status >= 500 ? Unanswered : [400, 422].includes(response.status) ? RefusedForGood : Error;
    throw new Problem(reasonOf(response, error));
  }
  return data as Shape;
};

/** What the server says, or the bare status when it says nothing. */
export const reasonOf = (response: Pick<Response, "status" | "statusText">, problem: unknown): string => {
  if (response.status === 401) {
    return "Your session has ended. Reload the page to log in again.";
  }
  if (typeof problem === "object" && problem !== null) {
    const fields = problem as Record<string, unknown>;
    const text = ["reason", "remedy"]
      .map((name) => fields[name])
      .filter((part) => typeof part === "string" && part !== "")
      .join(" ");
    if (text !== "") {
      return text;
    }
  }
  return `The server answered ${response.status} ${response.statusText}.`;
};
