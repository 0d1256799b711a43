/** What a person can do to a workflow: its words, its plan and its request, for buttons and for many at once. */

import type { ReactNode } from "react";

import { cancel, compensate, getCancelPlan, getCompensatePlan, getResumePlan, type Outcome, resume } from "../server/client";
import { counted } from "../text/counted";
import type { ActionName, ResumePlan, WorkflowState } from "../server/model";
import { cancelCommand, compensateCommand, resumeCommand } from "./command";
import { CancelPlanView, CompensatePlanView, ResumePlanView } from "./PlanView";
import { nothingSaid, type ResumeWish } from "./resumeWish";

/** What an action would do now. */
export type Plan = {
  /** Why it is refused, or would change nothing; undefined when it may be done. */
  readonly refusal: string | undefined;
  /** For a line in a list. */
  readonly summary: string;
  readonly view: ReactNode;
  /** In which the workflow was: the action is carried out in no other. */
  readonly state: WorkflowState;
  /** What a person may decide about; undefined for an action that leaves nothing open. */
  readonly resumes?: ResumePlan;
};

export type WorkflowAction = {
  /** The line of a shell that does the same. */
  readonly command: (workflowId: string, reason?: string, fromStep?: string, wish?: ResumeWish) => string;
  readonly label: string;
  readonly name: Exclude<ActionName, "cancel_and_compensate" | "decide">;
  readonly plan: (workflowId: string, signal: AbortSignal, fromStep?: string, wish?: ResumeWish) => Promise<Plan>;
  readonly send: (
    workflowId: string,
    state: WorkflowState,
    reason: string,
    fromStep?: string,
    wish?: ResumeWish,
  ) => Promise<Outcome>;
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
    summary: `clears ${counted(plan.tasks.length, "task")} in ${counted(plan.runs.length, "run")}, reuses the output of ${counted(plan.steps_answering.length, "step")}`,
    state: plan.workflow.state,
    view: <ResumePlanView plan={plan} />,
  };
};

const planCancel = async (workflowId: string, signal: AbortSignal): Promise<Plan> => {
  const plan = await getCancelPlan(workflowId, signal);
  return {
    refusal: plan.changes ? undefined : plan.outcome,
    summary: plan.outcome,
    state: plan.workflow.state,
    view: <CancelPlanView plan={plan} />,
  };
};

const planCompensate = async (workflowId: string, signal: AbortSignal): Promise<Plan> => {
  const plan = await getCompensatePlan(workflowId, signal);
  return {
    refusal: plan.changes ? undefined : plan.outcome,
    summary: plan.outcome,
    state: plan.workflow.state,
    view: <CompensatePlanView plan={plan} />,
  };
};

/**
 * For the whole workflow, as the buttons stand. The server can also cancel and compensate in one request; where there
 * is something to undo, that is what Compensate does, and where there is nothing, it is what Cancel does.
 */
export const workflowActions: readonly WorkflowAction[] = [
  {
    command: (id, reason, _, wish) => resumeCommand(id, reason, undefined, wish),
    label: "Resume",
    name: "resume",
    plan: planResume,
    send: (id, state, reason, _, wish = nothingSaid) => resume(id, state, undefined, reason, wish),
  },
  { command: cancelCommand, label: "Cancel", name: "cancel", plan: planCancel, send: cancel },
  { command: compensateCommand, label: "Compensate", name: "compensate", plan: planCompensate, send: compensate },
];

/** From one step on. */
export const restartAction: WorkflowAction = {
  command: resumeCommand,
  label: "Restart from here",
  name: "restart",
  plan: planResume,
  send: (id, state, reason, fromStep, wish = nothingSaid) => resume(id, state, fromStep, reason, wish),
};
