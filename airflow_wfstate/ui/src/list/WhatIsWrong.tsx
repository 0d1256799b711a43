import { Box } from "@chakra-ui/react";

import type { WorkflowSummary } from "../server/model";
import { Ellipsis } from "../text/Ellipsis";
import { errorLine } from "../text/errorLine";
import { errorColor } from "../text/ErrorText";

/**
 * What went wrong, in one line: why the undo stopped, where it did; else the error of the step that failed; else why the
 * workflow has failed or was ended. Undefined when nothing went wrong.
 */
export const wrongOf = (workflow: WorkflowSummary): string | undefined => {
  const stopped = workflow.state === "compensation_failed" ? workflow.hold_reason : null;
  const text = stopped ?? workflow.failed_step?.error ?? workflow.error ?? workflow.hold_reason;
  return text === null ? undefined : errorLine(text);
};

/** That line, in two lines of the list. */
export const WhatIsWrong = ({ workflow }: { readonly workflow: WorkflowSummary }) => {
  const wrong = wrongOf(workflow);

  return wrong === undefined ? undefined : (
    <Box color={workflow.error === null && workflow.failed_step === null ? "fg.muted" : errorColor} fontSize="xs">
      <Ellipsis lines={2} text={wrong} />
    </Box>
  );
};
