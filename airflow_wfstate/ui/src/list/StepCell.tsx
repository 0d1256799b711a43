import { Box, HStack, Link } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { isAirflows, logAddress } from "../airflow/airflow";
import type { WorkflowSummary } from "../server/model";
import { Ellipsis } from "../text/Ellipsis";

/** The step that failed, linked to the log of its last try; else the current step. */
export const StepCell = ({ workflow }: { readonly workflow: WorkflowSummary }) => {
  const { current_step: current, failed_step: failed } = workflow;
  if (failed === null) {
    return current === null ? undefined : <Ellipsis lines={2} text={current} />;
  }
  return (
    <HStack align="flex-start" gap={1.5}>
      <Box aria-label="failed" bg="failed.solid" borderRadius="full" boxSize={2} flexShrink={0} mt={1.5} role="img" />
      {isAirflows(failed) ? (
        <Link asChild minWidth={0}>
          <RouterLink aria-label={`${failed.step}: log of try ${failed.try_number}`} to={logAddress(failed)}>
            <Ellipsis lines={2} text={failed.step} />
          </RouterLink>
        </Link>
      ) : (
        <Ellipsis lines={2} text={failed.step} />
      )}
    </HStack>
  );
};
