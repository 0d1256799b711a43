/** Where the bars of the timeline stand. Pure: from what the server told to lanes, rows and times. */

import type { Attempt, Compensation, Step, StepGroup, WorkflowDetail } from "../server/model";
import { groupKey, isOpen, participantLabel, stepLabel } from "../server/model";

/** A stretch of time, in milliseconds since 1970. */
export type Span = { readonly from: number; readonly to: number };

export type AttemptBar = Span & { readonly attempt: Attempt; readonly waits: readonly Span[] };
export type CompensationBar = Span & { readonly compensation: Compensation };

export type GroupBar = Span & { readonly group: StepGroup };

export type Row = {
  readonly attempts: readonly AttemptBar[];
  readonly compensations: readonly CompensationBar[];
  readonly groups: readonly GroupBar[];
  readonly key: string;
  readonly label: string;
};

export type Lane = { readonly participant: string; readonly rows: readonly Row[] };

export type Timeline = Span & {
  readonly lanes: readonly Lane[];
  /** Where the line of now stands; undefined when the workflow has ended. */
  readonly now: number | undefined;
};

const rowOf = (step: Step, now: number): Row => ({
  attempts: step.attempts.map((attempt) => ({
    ...spanOf(attempt.started_at, attempt.ended_at, now),
    attempt,
    waits: attempt.waits.map((wait) => spanOf(wait.began_at, wait.ended_at, now)).filter((wait) => wait.to > wait.from),
  })),
  compensations: step.compensations.flatMap((compensation) =>
    compensation.started_at === null
      ? []
      : [{ ...spanOf(compensation.started_at, compensation.ended_at, now), compensation }],
  ),
  groups: [],
  key: step.id,
  label: stepLabel(step),
});

/** A mapped step is one bar, from the begin of its first item to the last change of one. */
const rowOfGroup = (group: StepGroup, now: number): Row => ({
  attempts: [],
  compensations: [],
  groups: [{ ...spanOf(group.started_at, isOpen(group) ? null : group.updated_at, now), group }],
  key: groupKey(group),
  label: group.name,
});

const spanOf = (from: string, to: string | null, now: number): Span => ({
  from: Date.parse(from),
  to: to === null ? now : Date.parse(to),
});

/**
 * The timeline of a workflow: a lane for each participant, in the order in which they came.
 *
 * @param unmapped its steps that are not mapped; the mapped ones are among the workflow's groups.
 */
export const timelineOf = (workflow: WorkflowDetail, unmapped: readonly Step[], now: number): Timeline => {
  const mapped = workflow.step_groups.filter((group) => group.is_mapped);
  const rows = [
    ...unmapped.map((step) => ({ lane: participantLabel(step), row: rowOf(step, now), since: step.started_at })),
    ...mapped.map((group) => ({ lane: participantLabel(group), row: rowOfGroup(group, now), since: group.started_at })),
  ].sort((one, other) => Date.parse(one.since) - Date.parse(other.since));
  const lanes = new Map<string, Row[]>();
  for (const { lane, row } of rows) {
    lanes.set(lane, [...(lanes.get(lane) ?? []), row]);
  }
  const bars = rows.flatMap(({ row }) => [...row.attempts, ...row.compensations, ...row.groups]);
  const from = Math.min(Date.parse(workflow.summary.started_at), ...bars.map((bar) => bar.from));
  const ended = workflow.summary.ended_at;
  const to = Math.max(ended === null ? now : Date.parse(ended), from + 1000, ...bars.map((bar) => bar.to));
  return {
    from,
    lanes: [...lanes].map(([participant, found]) => ({ participant, rows: found })),
    now: ended === null ? now : undefined,
    to,
  };
};

/** Where a moment stands between the timeline's ends, in percent. */
export const percentOf = (timeline: Span, moment: number): number =>
  Math.min(100, Math.max(0, ((moment - timeline.from) / (timeline.to - timeline.from)) * 100));

/** Moments for the axis, evenly apart. */
export const ticksOf = (timeline: Span, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, index) => timeline.from + ((timeline.to - timeline.from) * index) / count);
