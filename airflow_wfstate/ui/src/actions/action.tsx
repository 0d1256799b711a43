/** What a person can do to a workflow: its words, its plan and its request, for buttons and for many at once. */

import type { ReactNode } from "react";

import { cancel, compensate, getCancelPlan, getCompensatePlan, getResumePlan, type Outcome, resume } from "../server/client";
import { counted } from "../text/counted";
import type { ActionName, ResumePlan } from "../server/model";
import { CancelPlanView, CompensatePlanView, ResumePlanView } from "./PlanView";
import { nothingSaid, type ResumeWish } from "./resumeWish";

/** What an action would do now. */
export type Plan = {
  /** Why it is refused, or would change nothing; undefined when it may be done. */
  readonly refusal: string | undefined;
  /** For a line in a list. */
  readonly summary: string;
  readonly view: ReactNode;
  /** What a person may decide about; undefined for an action that leaves nothing open. */
  readonly resumes?: ResumePlan;
};

export type WorkflowAction = {
  readonly label: string;
  readonly name: Exclude<ActionName, "decide">;
  readonly plan: (workflowId: string, signal: AbortSignal, fromStep?: string, wish?: ResumeWish) => Promise<Plan>;
  readonly send: (workflowId: string, reason: string, fromStep?: string, wish?: ResumeWish) => Promise<Outcome>;
};

const planResume = async (
  workflowId: string,
  signal: AbortSignal,
  fromStep?: string,
  wish: ResumeWish = nothingSaid,
): Promise<Plan> => {
  const plan = await getResumePlan(workflowId, fromStep, wish, signal);
  return {
    resumes: plan,
    refusal: plan.refusal === null ? undefined : `${plan.refusal.reason} ${plan.refusal.remedy}`,
    summary: `${counted(plan.tasks.length, "task")} in ${counted(plan.runs.length, "run")} cleared, ${counted(plan.steps_answering.length, "step")} answered from the store`,
    view: <ResumePlanView plan={plan} />,
  };
};

const planCancel = (undo: boolean) => async (workflowId: string, signal: AbortSignal): Promise<Plan> => {
  const plan = await getCancelPlan(workflowId, undo, signal);
  return {
    refusal: plan.changes ? undefined : plan.outcome,
    summary: plan.outcome,
    view: <CancelPlanView plan={plan} />,
  };
};

const planCompensate = async (workflowId: string, signal: AbortSignal): Promise<Plan> => {
  const plan = await getCompensatePlan(workflowId, signal);
  return {
    refusal: plan.changes ? undefined : plan.outcome,
    summary: plan.outcome,
    view: <CompensatePlanView plan={plan} />,
  };
};

/** For the whole workflow, as the buttons stand. */
export const workflowActions: readonly WorkflowAction[] = [
  { label: "Resume", name: "resume", plan: planResume, send: (id, reason, _, wish = nothingSaid) => resume(id, undefined, reason, wish) },
  { label: "Cancel", name: "cancel", plan: planCancel(false), send: (id, reason) => cancel(id, false, reason) },
  {
    label: "Cancel and compensate",
    name: "cancel_and_compensate",
    plan: planCancel(true),
    send: (id, reason) => cancel(id, true, reason),
  },
  { label: "Compensate", name: "compensate", plan: planCompensate, send: compensate },
];

/** From one step on. */
export const restartAction: WorkflowAction = {
  label: "Restart from here",
  name: "restart",
  plan: planResume,
  send: (id, reason, fromStep, wish = nothingSaid) => resume(id, fromStep, reason, wish),
};
