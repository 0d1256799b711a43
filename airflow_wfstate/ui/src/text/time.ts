import { present } from "./clock";

/**
 * A duration: in milliseconds below ten seconds (412ms), else in its two largest units: 45s, 3m 20s, 2h 5m, 4d 1h.
 */
export const durationText = (milliseconds: number): string =>
  milliseconds >= 0 && milliseconds < 10_000 ? `${Math.floor(milliseconds)}ms` : ageText(milliseconds);

/** How long ago something was, in whole seconds because it changes on the screen. */
export const ageText = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) {
    return `${seconds}s`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  }
  if (seconds < 86_400) {
    return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
  }
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`;
};

/** How long something took, or has taken so far. */
export const spanText = (startedAt: string, endedAt: string | null): string =>
  endedAt === null
    ? ageText(present() - Date.parse(startedAt))
    : durationText(Date.parse(endedAt) - Date.parse(startedAt));

type Worked = {
  readonly ended_at: string | null;
  readonly forward_ended_at: string | null;
  readonly started_at: string;
  readonly state: string;
};

/** How long a workflow has worked, without its undo and the wait for it. */
export const workedText = ({ forward_ended_at: forwardEndedAt, started_at: startedAt }: Worked): string =>
  spanText(startedAt, forwardEndedAt);

/** How long after its work a workflow was undone; undefined when it was not undone. */
export const undoneText = ({ ended_at: endedAt, forward_ended_at: forwardEndedAt, state }: Worked): string | undefined =>
  state === "compensated" && endedAt !== null && forwardEndedAt !== null ? spanText(forwardEndedAt, endedAt) : undefined;

type Bounded = Worked & { readonly deadline_at: string | null };

/**
 * Says that a deadline has passed or was missed, and by how much; undefined otherwise.
 *
 * @param now milliseconds since 1970.
 */
export const latenessText = (
  { deadline_at: deadlineAt, ended_at: endedAt, forward_ended_at: forwardEndedAt, state }: Bounded,
  now: number,
): string | undefined => {
  const end = state === "succeeded" ? forwardEndedAt : endedAt;
  const late = deadlineAt === null ? 0 : (end === null ? now : Date.parse(end)) - Date.parse(deadlineAt);
  if (late <= 0) {
    return undefined;
  }
  return end === null ? `passed ${ageText(late)} ago` : `missed by ${ageText(late)}`;
};

/** The time zone chosen in Airflow's user menu, which the browser stores; else the browser's own. */
const chosenZone = (): string => {
  const kept = localStorage.getItem("timezone")?.replaceAll('"', "");
  return kept === undefined || kept === "" ? Intl.DateTimeFormat().resolvedOptions().timeZone : kept;
};

const formatOf = (zone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });

/** A time in Airflow's format, 2026-11-24 00:10:20, in the chosen time zone. */
export const timeText = (moment: Date | string): string => {
  const date = new Date(moment);
  try {
    return formatOf(chosenZone()).format(date);
  } catch {
    return formatOf("UTC").format(date); // a zone that this browser does not know
  }
};

/** A time in the format of a datetime-local input, in the same zone. */
export const localOf = (moment: string): string => timeText(moment).replace(" ", "T").slice(0, 16);

/** Parses a time from an address, in milliseconds since 1970; UTC unless it has an offset, NaN if invalid. */
export const parsedMoment = (text: string): number =>
  Date.parse(/T[\d:.]+$/.test(text) ? `${text}Z` : text);

/** The value of such an input as a time in UTC; undefined if invalid. */
export const momentOf = (local: string): string | undefined => {
  const wanted = Date.parse(`${local}Z`);
  if (Number.isNaN(wanted)) {
    return undefined;
  }
  let moment = wanted;
  for (let looks = 0; looks < 2; looks += 1) {
    // The second pass corrects times that the first one moves across a clock change.
    moment += wanted - Date.parse(`${timeText(new Date(moment)).replace(" ", "T")}Z`);
  }
  return new Date(moment).toISOString();
};

/** The start of the day that contains a moment, in the same zone. */
export const dayOf = (moment: number): string | undefined => momentOf(`${timeText(new Date(moment)).slice(0, 10)}T00:00`);
