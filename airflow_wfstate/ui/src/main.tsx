import { Box } from "@chakra-ui/react";
import { useSearchParams } from "react-router-dom";

import { WorkflowPage } from "./WorkflowPage";
import { WorkflowsPage } from "./WorkflowsPage";

/** What Airflow renders at /plugin/wfstate: one workflow when the address names it, else the list. */
const WorkflowStatePlugin = () => {
  const [address] = useSearchParams();
  const workflowId = address.get("workflow");

  return (
    <Box p={4}>{workflowId === null ? <WorkflowsPage /> : <WorkflowPage key={workflowId} workflowId={workflowId} />}</Box>
  );
};

export default WorkflowStatePlugin;
