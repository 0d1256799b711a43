import { Box } from "@chakra-ui/react";

import type { WorkflowSummary } from "../server/model";
import { Ellipsis } from "../text/Ellipsis";
import { errorLine } from "../text/errorLine";
import { errorColor } from "../text/ErrorText";

/**
 * One line that says what went wrong: why the undo stopped, else the error of the step that failed, else why the workflow
 * failed or was ended. Undefined when nothing went wrong.
 */
export const wrongOf = (workflow: WorkflowSummary): string | undefined => {
  const stopped = workflow.state === "compensation_failed" ? workflow.hold_reason : null;
  const text = stopped ?? workflow.failed_step?.error ?? workflow.error ?? workflow.hold_reason;
  return text === null ? undefined : errorLine(text);
};

type Props = {
  /** The most lines to show; 2 by default. */
  readonly lines?: number;
  readonly workflow: WorkflowSummary;
};

/** Shows what went wrong, cut to the space in the list. */
export const WhatIsWrong = ({ lines = 2, workflow }: Props) => {
  const wrong = wrongOf(workflow);
  const hasFailed = workflow.failed_step !== null || (workflow.error !== null && workflow.state !== "cancelled");

  return wrong === undefined ? undefined : (
    <Box color={hasFailed ? errorColor : "fg.muted"} fontSize="xs">
      <Ellipsis lines={lines} text={wrong} />
    </Box>
  );
};
