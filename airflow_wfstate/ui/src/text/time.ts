/** A duration in its two largest units, as `airflow wfstate` prints it: 45s, 3m 20s, 2h 5m, 4d 1h. */
export const durationText = (milliseconds: number): string => {
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

/** How long it took, or has taken until now. */
export const spanText = (startedAt: string, endedAt: string | null): string =>
  durationText((endedAt === null ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt));

type Worked = {
  readonly ended_at: string | null;
  readonly forward_ended_at: string | null;
  readonly started_at: string;
  readonly state: string;
};

/** How long a workflow has worked, apart from the wait for its undo, and the undo. */
export const workedText = ({ ended_at: endedAt, forward_ended_at: forwardEndedAt, started_at: startedAt, state }: Worked): string => {
  if (forwardEndedAt === null) {
    return `${endedAt === null ? "open for" : "took"} ${spanText(startedAt, endedAt)}`;
  }
  const worked = spanText(startedAt, forwardEndedAt);
  if (endedAt === null) {
    return `open for ${spanText(startedAt, null)}, worked for ${worked}`;
  }
  return state === "compensated" ? `took ${worked}, undone ${spanText(forwardEndedAt, endedAt)} later` : `took ${worked}`;
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
