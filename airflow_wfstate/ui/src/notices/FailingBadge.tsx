import { Badge } from "@chakra-ui/react";

import type { WorkflowSummary } from "../server/model";
import { errorLine } from "../text/errorLine";
import { spanText } from "../text/time";
import { shownText } from "../text/shownText";

export type Failing = NonNullable<WorkflowSummary["failing"]>;

/** A few words that say what is wrong, for a row of the list. */
export const failingText = (failing: Failing): string => (failing.is_retried ? "retrying a step" : "a step has failed");

/** Which step failed, when, and what happens next. */
export const failingSentence = (failing: Failing): string => {
  const others = failing.others === 0 ? "" : ` (and ${failing.others} more)`;
  const next = failing.is_retried
    ? "Airflow will retry its task."
    : "What happens next is decided when its DAG run ends.";
  return `Step ${failing.step} failed ${spanText(failing.since, null)} ago${others}. ${next}`;
};

const noError = "Its process died without reporting how the step ended.";

const lineOf = (failing: Failing): string => (failing.error === null ? noError : errorLine(failing.error));

/** Shown beside the state of a running workflow in which a step has failed. */
export const FailingBadge = ({ failing }: { readonly failing: Failing }) => (
  <Badge
    aria-label={`${failingText(failing)}: ${failing.step}: ${lineOf(failing)}`}
    borderColor="colorPalette.solid"
    borderWidth={1}
    color="fg"
    colorPalette={failing.is_retried ? "up_for_retry" : "failed"}
    role="img"
    tabIndex={0}
    title={shownText(`${failing.step}: ${lineOf(failing)}`)}
    variant="outline"
  >
    {failingText(failing)}
  </Badge>
);
