/** Where the bars of the timeline stand. Pure: from what the server told to lanes, rows and times. */

import type { Attempt, Compensation, JournalEntry, Step, WorkflowDetail } from "./model";
import { participantLabel, stepLabel } from "./model";

/** A stretch of time, in milliseconds since 1970. */
export type Span = { readonly from: number; readonly to: number };

export type AttemptBar = Span & { readonly attempt: Attempt; readonly waits: readonly Span[] };
export type CompensationBar = Span & { readonly compensation: Compensation };

export type Row = {
  readonly attempts: readonly AttemptBar[];
  readonly compensations: readonly CompensationBar[];
  readonly label: string;
  readonly stepId: string;
};

export type Lane = { readonly participant: string; readonly rows: readonly Row[] };

export type Timeline = Span & {
  readonly lanes: readonly Lane[];
  /** Where the line of now stands; undefined when the workflow has ended. */
  readonly now: number | undefined;
};

/**
 * When a step waited, by the journal: from each `step.waiting` to the next thing that it did. Entries of an older version
 * have no id of their step, but its label.
 */
export const waitsOf = (entries: readonly JournalEntry[], stepId: string, label: string, now: number): Span[] => {
  const isOwn = (entry: JournalEntry) => ((entry.step_id ?? null) === null ? entry.step === label : entry.step_id === stepId);
  const own = entries.filter((entry) => isOwn(entry) && entry.kind.startsWith("step."));
  return own.flatMap((entry, index) => {
    if (entry.kind !== "step.waiting") {
      return [];
    }
    const next = own[index + 1];
    return [{ from: Date.parse(entry.at), to: next === undefined ? now : Date.parse(next.at) }];
  });
};

const rowOf = (step: Step, entries: readonly JournalEntry[], now: number): Row => {
  const waits = waitsOf(entries, step.id, `${step.participant}.${stepLabel(step)}`, now);
  return {
    attempts: step.attempts.map((attempt) => {
      const from = Date.parse(attempt.started_at);
      const to = attempt.ended_at === null ? now : Date.parse(attempt.ended_at);
      const own = waits
        .map((wait) => ({ from: Math.max(wait.from, from), to: Math.min(wait.to, to) }))
        .filter((wait) => wait.to > wait.from);
      return { attempt, from, to, waits: own };
    }),
    compensations: step.compensations.flatMap((compensation) =>
      compensation.started_at === null
        ? []
        : [
            {
              compensation,
              from: Date.parse(compensation.started_at),
              to: compensation.ended_at === null ? now : Date.parse(compensation.ended_at),
            },
          ],
    ),
    label: stepLabel(step),
    stepId: step.id,
  };
};

/** The timeline of a workflow: a lane for each participant, in the order in which they came. */
export const timelineOf = (workflow: WorkflowDetail, entries: readonly JournalEntry[], now: number): Timeline => {
  const lanes = new Map<string, Row[]>();
  for (const step of workflow.steps) {
    const lane = participantLabel(step);
    lanes.set(lane, [...(lanes.get(lane) ?? []), rowOf(step, entries, now)]);
  }
  const bars = [...lanes.values()].flat().flatMap((row) => [...row.attempts, ...row.compensations]);
  const from = Math.min(Date.parse(workflow.summary.started_at), ...bars.map((bar) => bar.from));
  const ended = workflow.summary.ended_at;
  const to = Math.max(ended === null ? now : Date.parse(ended), from + 1000, ...bars.map((bar) => bar.to));
  return {
    from,
    lanes: [...lanes].map(([participant, rows]) => ({ participant, rows })),
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
