/** The actions on a workflow, with their label, plan and request, for one workflow or for many at once. */

import type { ReactNode } from "react";

import { cancel, compensate, getCancelPlan, getCompensatePlan, getResumePlan, type Outcome, resume } from "../server/client";
import { counted } from "../text/counted";
import type { ActionName, ResumePlan, WorkflowState } from "../server/model";
import { cancelCommand, compensateCommand, resumeCommand } from "./command";
import { CancelPlanView, CompensatePlanView, ResumePlanView } from "./PlanView";
import { noOptions, type ResumeOptions } from "./resumeOptions";

/** What an action would do now. */
export type Plan = {
  /** Why it is refused or would change nothing; undefined when it is allowed. */
  readonly refusal: string | undefined;
  /** One line for a list. */
  readonly summary: string;
  readonly view: ReactNode;
  /** The state that the plan was made in. The action is carried out only in this state. */
  readonly state: WorkflowState;
  /** The plan whose open questions someone has to decide; undefined for an action without any. */
  readonly resumes?: ResumePlan;
};

export type WorkflowAction = {
  /** Returns the shell command that does the same. */
  readonly command: (workflowId: string, reason?: string, fromStep?: string, options?: ResumeOptions) => string;
  readonly label: string;
  readonly name: Exclude<ActionName, "cancel_and_compensate" | "decide">;
  readonly plan: (workflowId: string, signal: AbortSignal, fromStep?: string, options?: ResumeOptions) => Promise<Plan>;
  readonly send: (
    workflowId: string,
    state: WorkflowState,
    reason: string,
    fromStep?: string,
    options?: ResumeOptions,
  ) => Promise<Outcome>;
};

const planResume = async (
  workflowId: string,
  signal: AbortSignal,
  fromStep?: string,
  options: ResumeOptions = noOptions,
): Promise<Plan> => {
  const plan = await getResumePlan(workflowId, fromStep, options, signal);
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
 * Actions on the whole workflow, in the order of the buttons. The server can also cancel and compensate in one request.
 * That equals Compensate if there is something to undo, and Cancel if there is not.
 */
export const workflowActions: readonly WorkflowAction[] = [
  {
    command: (id, reason, _, options) => resumeCommand(id, reason, undefined, options),
    label: "Resume",
    name: "resume",
    plan: planResume,
    send: (id, state, reason, _, options = noOptions) => resume(id, state, undefined, reason, options),
  },
  { command: cancelCommand, label: "Cancel", name: "cancel", plan: planCancel, send: cancel },
  { command: compensateCommand, label: "Compensate", name: "compensate", plan: planCompensate, send: compensate },
];

/** Restarts from one step on. */
export const restartAction: WorkflowAction = {
  command: resumeCommand,
  label: "Restart from here",
  name: "restart",
  plan: planResume,
  send: (id, state, reason, fromStep, options = noOptions) => resume(id, state, fromStep, reason, options),
};
