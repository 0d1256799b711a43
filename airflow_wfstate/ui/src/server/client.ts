/**
 * The page's own routes on the api-server, typed by the OpenAPI document. Airflow's cookie is the only authentication;
 * the browser sends it along.
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
import { problemText, RefusedForGood, silence, Unanswered } from "./problem";
import { learnTime } from "../text/clock";
import { newStepsOf, renamesOf, type ResumeOptions } from "../actions/resumeOptions";
import { words, workingStates, type WorkflowState } from "./model";
import type { operations, paths } from "./schema";

/** How long the server may take to respond, in milliseconds. A frozen one would keep the page waiting, and silent. */
const patience = { read: 30_000, write: 60_000 };

/** The document describes /v1. The page uses the same routes under /ui. */
class PageRequest extends Request {
  constructor(input: RequestInfo | URL, init: RequestInit = {}) {
    const limit = AbortSignal.timeout(init.method === "GET" ? patience.read : patience.write);
    super(typeof input === "string" ? input.replace("/wfstate/v1/", "/wfstate/ui/") : input, {
      ...init,
      signal: init.signal ? AbortSignal.any([init.signal, limit]) : limit,
    });
  }
}

// Airflow's <base> names the server's root, even behind a proxy that serves it under a path.
export const client = createClient<paths>({
  baseUrl: new URL("wfstate", document.baseURI).href,
  credentials: "same-origin",
  Request: PageRequest,
});

client.use(keptAnswers());
client.use({ onResponse: ({ response }) => learnTime(response.headers.get("Date")) });
client.use({
  // Without a response, fetch only says "Failed to fetch", in the browser's own words.
  onError: ({ error }) => (error instanceof TypeError ? new Unanswered(silence) : undefined),
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

/** The health of the store, and how it searches texts. */
export const getHealth = async (signal: AbortSignal): Promise<Health> =>
  answer<Health>(await client.GET("/v1/health", { signal }));

export const getNameStats = async (query: StatsQuestion, signal: AbortSignal): Promise<NameStats> =>
  answer<NameStats>(await client.GET("/v1/stats/name", { params: { query }, signal }));

/** The state of a workflow, with its steps only as groups. */
export const getWorkflow = async (id: string, signal: AbortSignal | null = null): Promise<WorkflowDetail> =>
  answer<WorkflowDetail>(await client.GET(one, { params: { ...named(id), query: { step_limit: 0 } }, signal }));

/**
 * The participants with their tasks, steps and dependencies.
 *
 * @param skip how many of the first lanes to skip.
 */
export const getGraph = async (id: string, skip: number, signal: AbortSignal): Promise<Graph> =>
  answer<Graph>(await client.GET(`${one}/graph`, { params: { ...named(id), query: { skip } }, signal }));

/** How many items of each mapped step were running over time. */
export const getDensity = async (id: string, signal: AbortSignal): Promise<StepDensity[]> =>
  answer<{ steps: StepDensity[] }>(await client.GET(`${one}/density`, { params: named(id), signal })).steps;

export const getSteps = async (id: string, query: StepsQuestion, signal: AbortSignal): Promise<StepPage> =>
  answer<StepPage>(await client.GET(`${one}/steps`, { params: { ...named(id), query }, signal }));

/** All steps that are not mapped, page by page: as many as the workflow's DAGs declare. */
export const getUnmappedSteps = async (id: string, signal: AbortSignal): Promise<Step[]> => {
  const steps: Step[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page: StepPage = await getSteps(id, { is_mapped: false, ...(after === undefined ? {} : { after }) }, signal);
    steps.push(...page.steps);
    after = page.next_after;
  }
  return steps;
};

/** The filters of a journal; undefined, or an empty list of kinds, for no filter. */
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

/** The address from which the browser downloads the journal as a file. */
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
  /** Where the page begins; undefined for the first compensation to run. */
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

/** The compensations that block an undo: the failed ones, at most twenty, or the next one if none has failed. */
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

/** @param after where the page begins; undefined for the first page. */
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
  options: ResumeOptions,
  signal: AbortSignal,
): Promise<ResumePlan> =>
  answer<ResumePlan>(
    await client.GET(`${one}/resume-plan`, {
      params: {
        ...named(id),
        query: {
          ...(fromStep === undefined ? {} : { from_step: fromStep }),
          ...(options.code === undefined ? {} : { code: options.code }),
          new_step: newStepsOf(options),
          rename: Object.entries(renamesOf(options)).map(([old, step]) => `${old}=${step}`),
        },
      },
      signal,
    }),
  );

/** The plan of a cancel that leaves finished work as it is. */
export const getCancelPlan = async (id: string, signal: AbortSignal): Promise<CancelPlan> =>
  answer<CancelPlan>(await client.GET(`${one}/cancel-plan`, { params: named(id), signal }));

export const getCompensatePlan = async (id: string, signal: AbortSignal): Promise<CompensatePlan> =>
  answer<CompensatePlan>(await client.GET(`${one}/compensate-plan`, { params: named(id), signal }));

/**
 * The version of a workflow whose plan was confirmed, to send with the action: for another version the server does
 * nothing. Null while steps are running, because each of them changes the version.
 *
 * @param state the state that the plan was made in.
 */
const confirmedVersion = async (id: string, state: WorkflowState): Promise<number | null> => {
  const { summary } = await getWorkflow(id).catch((problem: unknown) => {
    throw new Error(problemText(problem)); // nothing has been sent yet, so nothing was done
  });
  if (summary.state !== state) {
    throw new Error(`The workflow is now ${words(summary.state)}, no longer ${words(state)}. Check the plan again.`);
  }
  return workingStates.includes(state) ? null : summary.version;
};

/** @param state the workflow's state when its plan was made, as for every action. */
export const resume = async (
  id: string,
  state: WorkflowState,
  fromStep: string | undefined,
  reason: string,
  options: ResumeOptions,
): Promise<Outcome> => {
  const body = {
    code: options.code ?? null,
    if_version: await confirmedVersion(id, state),
    new_steps: newStepsOf(options),
    reason: reason === "" ? null : reason,
    renames: renamesOf(options),
  };
  return fromStep === undefined
    ? answer<Outcome>(await client.POST(`${one}/resume`, { body, params: named(id) }))
    : answer<Outcome>(await client.POST(`${one}/restart`, { body: { ...body, from_step: fromStep }, params: named(id) }));
};

/** Finished work stays as it is. */
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

/** The response, or an Error with the server's reason and remedy. */
export const answer = <Shape>({ data, error, response }: Fetched): Shape => {
  if (!response.ok) {
    const Problem = response.status >= 500 ? Unanswered : [400, 422].includes(response.status) ? RefusedForGood : Error;
    throw new Problem(reasonOf(response, error));
  }
  return data as Shape;
};

/** The server's reason and remedy, or only the status if there is none. */
export const reasonOf = (response: Pick<Response, "status" | "statusText">, problem: unknown): string => {
  if (response.status === 401) {
    return "Your session has ended. Log in again in another tab and go on here, or reload this page.";
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
