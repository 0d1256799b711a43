/** The shapes of the server's responses, named as in the OpenAPI document. Times are ISO 8601 in UTC. */

import type { components } from "./schema";

/** The server sends every field, but the document marks those with a default as optional. */
type Sent<Shape> = Shape extends readonly (infer Item)[]
  ? Sent<Item>[]
  : Shape extends object
    ? { [Name in keyof Shape]-?: Sent<Exclude<Shape[Name], undefined>> }
    : Shape;

type Schemas = components["schemas"];

export type AllowedActions = Sent<Schemas["AllowedActions"]>;
export type ActionName = Schemas["ActionName"];
export type Attempt = Sent<Schemas["AttemptSummary"]>;
export type CancelPlan = Sent<Schemas["CancelPlan"]>;
export type CheckpointPage = Sent<Schemas["CheckpointPage"]>;
export type CompensatePlan = Sent<Schemas["CompensatePlan"]>;
export type Compensation = Sent<Schemas["CompensationSummary"]>;
export type CompensationPage = Sent<Schemas["CompensationPage"]>;
export type CompensationState = Schemas["CompensationState"];
export type Decision = Schemas["Decision"];
export type EntryKind = Schemas["EntryKind"];
export type EventCounts = Sent<Schemas["EventCounts"]>;
export type EventDetail = Sent<Schemas["EventDetail"]>;
export type EventPage = Sent<Schemas["EventPage"]>;
export type EventState = Schemas["EventState"];
export type EventSummary = Sent<Schemas["EventSummary"]>;
export type Flag = Sent<Schemas["Flag"]>;
export type Graph = Sent<Schemas["WorkflowGraph"]>;
export type GraphGroup = Sent<Schemas["GraphGroup"]>;
export type GraphLane = Sent<Schemas["GraphLane"]>;
export type GraphNode = Sent<Schemas["GraphNode"]>;
export type Health = Sent<Schemas["Health"]>;
export type JournalEntry = Sent<Schemas["JournalEntry"]>;
export type JournalPage = Sent<Schemas["JournalPage"]>;
export type LinkedRun = Sent<Schemas["LinkedRun"]>;
export type NameStats = Sent<Schemas["NameStats"]>;
export type Payload = Sent<Schemas["Payload"]>;
export type PendingWait = Sent<Schemas["PendingWait"]>;
export type Code = Schemas["Code"];
export type Rights = Sent<Schemas["Rights"]>;
export type RunCode = Sent<Schemas["RunCode"]>;
export type ResumePlan = Sent<Schemas["ResumePlan"]>;
export type StateBucket = Sent<Schemas["StateBucket"]>;
export type StatsBucket = Sent<Schemas["StatsBucket"]>;
export type Step = Sent<Schemas["StepSummary"]>;
export type StepCompensation = Sent<Schemas["StepCompensation"]>;
export type StepDensity = Sent<Schemas["StepDensity"]>;
export type StepGroup = Sent<Schemas["StepGroup"]>;
export type StepPage = Sent<Schemas["StepPage"]>;
export type StepState = Schemas["StepState"];
export type Subscription = Sent<Schemas["Subscription"]>;
export type TaskActivity = Sent<Schemas["TaskActivity"]>;
export type WaitingDeliveries = Sent<Schemas["WaitingDeliveries"]>;
export type WorkflowDetail = Sent<Schemas["WorkflowDetail"]>;
export type WorkflowPage = Sent<Schemas["WorkflowPage"]>;
export type WorkflowSort = Schemas["WorkflowSort"];
export type WorkflowState = Schemas["WorkflowState"];
export type WorkflowStats = Sent<Schemas["WorkflowStats"]>;
export type WorkflowSummary = Sent<Schemas["WorkflowSummary"]>;

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export const workflowStates: readonly WorkflowState[] = [
  "running",
  "failed",
  "compensating",
  "compensation_failed",
  "succeeded",
  "compensated",
  "cancelled",
];

/** In the order in which counts are shown. */
export const stepStates: readonly StepState[] = [
  "succeeded",
  "skipped",
  "compensated",
  "lost",
  "failed",
  "waiting",
  "running",
];

/** While a workflow is in one of these states, every step and undo changes its version. */
export const workingStates: readonly WorkflowState[] = ["running", "compensating"];

/** A workflow in one of these states is not finished. */
export const openStates: readonly WorkflowState[] = ["running", "failed", "compensating", "compensation_failed"];

/** A state, or another word with underscores, as people read it. */
export const words = (name: string): string => name.replaceAll("_", " ");

/** The participant of a step, with the place if it takes part at several. */
export const participantLabel = (step: { readonly participant: string; readonly place?: string | null }): string =>
  step.place === null || step.place === undefined ? step.participant : `${step.participant}[${step.place}]`;

/** The name of a step, with its item if it is mapped. */
export const stepLabel = (step: { readonly item_key: string; readonly name: string }): string =>
  step.item_key === "" ? step.name : `${step.name}[${step.item_key}]`;

/** Identifies a step, with all its items, among the steps of its workflow. */
export const groupKey = (group: Pick<StepGroup, "name" | "parent_step_id" | "participant">): string =>
  `${group.participant} ${group.parent_step_id ?? ""} ${group.name}`;

/** Whether an item is running or waiting. */
export const isOpen = (group: StepGroup): boolean => group.state === "running" || group.state === "waiting";

/** The number of items in each state: 1979 succeeded, 21 failed. */
export const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([state, count]) => `${count} ${words(state)}`)
    .join(", ");
