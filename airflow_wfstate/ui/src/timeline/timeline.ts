/** Turns the server's responses into the timeline's lanes, rows and bars. Pure. */

import type { Attempt, Compensation, PendingWait, Step, StepDensity, StepGroup, WorkflowDetail } from "../server/model";
import { groupKey, isOpen, participantLabel, stepLabel } from "../server/model";
import { axisOf, type Piece, type Span } from "./axis";
import { densityOf, type Stretch, stretchesOf } from "./density";

export type AttemptBar = Span & {
  readonly attempt: Attempt;
  /** The time in Airflow's queue before the attempt; undefined if unknown. */
  readonly queued: Span | undefined;
  readonly waits: readonly Span[];
};
export type CompensationBar = Span & { readonly compensation: Compensation };

export type GroupBar = Span & { readonly group: StepGroup; readonly stretches: readonly Stretch[] };

/** A service's step: from its first report to its last, or the time without any report. */
export type ServiceBar = Span & {
  /** Whether the workflow is only waiting for the service, without work in Airflow. */
  readonly isWaited: boolean;
  /** Undefined if the service has not reported yet. */
  readonly step: Step | undefined;
};

export type Row = {
  readonly attempts: readonly AttemptBar[];
  readonly compensations: readonly CompensationBar[];
  readonly groups: readonly GroupBar[];
  readonly key: string;
  readonly label: string;
  readonly services: readonly ServiceBar[];
};

export type Lane = { readonly participant: string; readonly rows: readonly Row[] };

export type Timeline = Span & {
  readonly axis: readonly Piece[];
  readonly lanes: readonly Lane[];
  /** The position of the line for now; undefined when the workflow has ended. */
  readonly now: number | undefined;
};

const rowOf = (step: Step, now: number): Row => ({
  attempts: step.attempts.map((attempt) => {
    const span = spanOf(attempt.started_at, attempt.ended_at, now);
    const queued = attempt.queued_at === null ? span.from : Date.parse(attempt.queued_at);
    return {
      ...span,
      attempt,
      queued: queued < span.from ? { from: queued, to: span.from } : undefined,
      waits: attempt.waits.map((wait) => spanOf(wait.began_at, wait.ended_at, now)).filter((wait) => wait.to > wait.from),
    };
  }),
  compensations: step.compensations.flatMap((compensation) =>
    compensation.started_at === null
      ? []
      : [{ ...spanOf(compensation.started_at, compensation.ended_at, now), compensation }],
  ),
  groups: [],
  key: step.id,
  label: stepLabel(step),
  services: step.attempts.length === 0 ? [serviceBarOf(step, now)] : [],
});

/** A service reports when it began and when it ended. The undo comes after that, and has its own bar. */
const serviceBarOf = (step: Step, now: number): ServiceBar => {
  const isWaited = step.state === "running" || step.state === "waiting";
  const undone = step.compensations.flatMap(({ started_at: at }) => (at === null ? [] : [Date.parse(at)]));
  const { from, to } = spanOf(step.started_at, isWaited ? null : step.updated_at, now);
  return { from, isWaited, step, to: Math.max(from, Math.min(to, ...undone)) };
};

/** A row for a service that is next and has not reported yet. */
const rowOfSilence = (wait: PendingWait, now: number): Row => ({
  attempts: [],
  compensations: [],
  groups: [],
  key: wait.waiter,
  label: wait.name,
  services: [{ ...spanOf(wait.since, null, now), isWaited: true, step: undefined }],
});

/** A mapped step is one bar, drawn from its density, else from its first item's start to the last change of any item. */
const rowOfGroup = (group: StepGroup, densities: readonly StepDensity[], now: number): Row => {
  const density = densityOf(densities, group);
  const span =
    density === undefined
      ? spanOf(group.started_at, isOpen(group) ? null : group.updated_at, now)
      : spanOf(density.since, density.until, now);
  const stretches =
    density === undefined ? [{ ...span, failed: 0, height: 1, items: group.items }] : stretchesOf(density);
  return {
    attempts: [],
    compensations: [],
    groups: [{ ...span, group, stretches }],
    key: groupKey(group),
    label: group.name,
    services: [],
  };
};

const spanOf = (from: string, to: string | null, now: number): Span => ({
  from: Date.parse(from),
  to: to === null ? now : Date.parse(to),
});

/** A row's place in the plan, because events of one batch have the same time. Steps not in the plan come last. */
const placeIn = (plan: readonly string[], { lane, row }: { readonly lane: string; readonly row: Row }): number => {
  const places = [`${lane}.${row.label}`, row.label].map((name) => plan.indexOf(name)).filter((place) => place >= 0);
  return places[0] ?? plan.length;
};

/** When an attempt was running, without its waits. */
const workOf = (bar: AttemptBar): Span[] => {
  const spans: Span[] = [];
  let from = bar.from;
  for (const wait of bar.waits) {
    spans.push({ from, to: wait.from });
    from = wait.to;
  }
  return [...spans, { from, to: bar.to }].filter((span) => span.to >= span.from);
};

/**
 * The timeline of a workflow: one lane per participant, in the order they joined.
 *
 * @param unmapped its steps that are not mapped; the mapped ones are among the workflow's groups.
 * @param densities the known densities of its mapped steps.
 */
export const timelineOf = (
  workflow: WorkflowDetail,
  unmapped: readonly Step[],
  densities: readonly StepDensity[],
  now: number,
): Timeline => {
  const mapped = workflow.step_groups.filter((group) => group.is_mapped);
  const rows = [
    ...unmapped.map((step) => ({ lane: participantLabel(step), row: rowOf(step, now), since: step.started_at })),
    ...mapped.map((group) => ({ lane: participantLabel(group), row: rowOfGroup(group, densities, now), since: group.started_at })),
    ...workflow.waits
      .filter((wait) => wait.kind === "service" && !wait.has_begun)
      .map((wait) => ({ lane: wait.participant, row: rowOfSilence(wait, now), since: wait.since })),
  ].sort(
    (one, other) =>
      Date.parse(one.since) - Date.parse(other.since) || placeIn(workflow.plan, one) - placeIn(workflow.plan, other),
  );
  const lanes = new Map<string, Row[]>();
  for (const { lane, row } of rows) {
    lanes.set(lane, [...(lanes.get(lane) ?? []), row]);
  }
  const bars = rows.flatMap(({ row }) => [
    ...row.attempts,
    ...row.attempts.flatMap(({ queued }) => (queued === undefined ? [] : [queued])),
    ...row.compensations,
    ...row.groups,
    ...row.services,
  ]);
  const from = Math.min(Date.parse(workflow.summary.started_at), ...bars.map((bar) => bar.from));
  const ended = workflow.summary.ended_at;
  const to = Math.max(ended === null ? now : Date.parse(ended), from + 1000, ...bars.map((bar) => bar.to));
  const busy = rows.flatMap(({ row }) => [...row.attempts.flatMap(workOf), ...row.compensations, ...row.groups.flatMap((bar) => bar.stretches), ...row.services.filter((bar) => bar.step !== undefined)]);
  return {
    axis: axisOf({ from, to }, busy),
    from,
    lanes: [...lanes].map(([participant, found]) => ({ participant, rows: found })),
    now: ended === null ? now : undefined,
    to,
  };
};
