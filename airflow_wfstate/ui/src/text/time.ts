/**
 * A duration: below ten seconds in milliseconds (412ms), else in its two largest units: 45s, 3m 20s, 2h 5m, 4d 1h.
 */
export const durationText = (milliseconds: number): string =>
  milliseconds >= 0 && milliseconds < 10_000 ? `${Math.floor(milliseconds)}ms` : ageText(milliseconds);

/** How long ago something was, in whole seconds: it changes while somebody looks at it. */
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

/** How long it took; or has taken until now. */
export const spanText = (startedAt: string, endedAt: string | null): string =>
  endedAt === null
    ? ageText(Date.now() - Date.parse(startedAt))
    : durationText(Date.parse(endedAt) - Date.parse(startedAt));

type Worked = {
  readonly ended_at: string | null;
  readonly forward_ended_at: string | null;
  readonly started_at: string;
  readonly state: string;
};

/** How long a workflow has worked, apart from the wait for its undo, and the undo. */
export const workedText = ({ forward_ended_at: forwardEndedAt, started_at: startedAt }: Worked): string =>
  spanText(startedAt, forwardEndedAt);

/** How long after its work a workflow had been undone; undefined when it was not. */
export const undoneText = ({ ended_at: endedAt, forward_ended_at: forwardEndedAt, state }: Worked): string | undefined =>
  state === "compensated" && endedAt !== null && forwardEndedAt !== null ? spanText(forwardEndedAt, endedAt) : undefined;

type Bounded = Worked & { readonly deadline_at: string | null };

/**
 * That a deadline is passed, or was missed, and by how much; undefined when it is not, or there is none.
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

/** The time zone that the reader chose in Airflow's user menu, which keeps it in the browser; else the browser's. */
const chosenZone = (): string => {
  const kept = localStorage.getItem("timezone")?.replaceAll('"', "");
  return kept === undefined || kept === "" ? Intl.DateTimeFormat().resolvedOptions().timeZone : kept;
};

const formatOf = (zone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });

/** A time as Airflow writes it, 2026-11-24 00:10:20, in the time zone that the reader chose. */
export const timeText = (moment: Date | string): string => {
  const date = new Date(moment);
  try {
    return formatOf(chosenZone()).format(date);
  } catch {
    return formatOf("UTC").format(date); // a zone that this browser does not know
  }
};

/** A time for an input of a date and a time, in the same zone. */
export const localOf = (moment: string): string => timeText(moment).replace(" ", "T").slice(0, 16);

/** A time of an address or of somebody's hand, in milliseconds since 1970: UTC unless it says otherwise; NaN for none. */
export const parsedMoment = (text: string): number =>
  Date.parse(/T[\d:.]+$/.test(text) ? `${text}Z` : text);

/** What such an input holds as a time in UTC; undefined when it is none. */
export const momentOf = (local: string): string | undefined => {
  const wanted = Date.parse(`${local}Z`);
  if (Number.isNaN(wanted)) {
    return undefined;
  }
  let moment = wanted;
  for (let looks = 0; looks < 2; looks += 1) {
    // The second look is for those that the first one takes across a change of the clocks.
    moment += wanted - Date.parse(`${timeText(new Date(moment)).replace(" ", "T")}Z`);
  }
  return new Date(moment).toISOString();
};

/** When the day began on which this moment is, in the same zone. */
export const dayOf = (moment: number): string | undefined => momentOf(`${timeText(new Date(moment)).slice(0, 10)}T00:00`);
