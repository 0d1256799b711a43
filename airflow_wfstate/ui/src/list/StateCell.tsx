import { HStack } from "@chakra-ui/react";

import { FailingBadge } from "../notices/FailingBadge";
import type { WorkflowSummary } from "../server/model";
import { StateBadge } from "../text/StateBadge";
import { FlagBadges } from "./FlagBadges";

/** The state of a workflow, and what makes it need attention. */
export const StateCell = ({ workflow }: { readonly workflow: WorkflowSummary }) => (
  <HStack gap={1} wrap="wrap">
    <StateBadge state={workflow.state} />
    {workflow.failing === null ? undefined : <FailingBadge failing={workflow.failing} />}
    <FlagBadges flags={workflow.flags} />
  </HStack>
);
