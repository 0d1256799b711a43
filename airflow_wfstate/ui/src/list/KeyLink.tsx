import { Link, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { workflowAddress } from "../airflow/airflow";
import type { WorkflowSummary } from "../server/model";
import { Ellipsis } from "../text/Ellipsis";

/** The key, linked to the workflow's page. */
export const KeyLink = ({ workflow }: { readonly workflow: WorkflowSummary }) => (
  <>
    <Link asChild color="fg.info" display="block" fontWeight="bold" minWidth={0}>
      <RouterLink data-opens="" to={workflowAddress(workflow.id)}>
        <Ellipsis text={workflow.key} />
      </RouterLink>
    </Link>
    {workflow.generation > 1 ? (
      <Text as="span" color="fg.muted" fontSize="xs">{`generation ${workflow.generation}`}</Text>
    ) : undefined}
  </>
);
