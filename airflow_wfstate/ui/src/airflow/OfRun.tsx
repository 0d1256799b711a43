import { Box, Button, HStack } from "@chakra-ui/react";
import { type ReactNode, useState } from "react";

import { getWorkflows } from "../server/client";
import type { WorkflowSummary } from "../server/model";
import { Freshness, Nothing } from "../notices/Notices";
import { useFresh } from "../server/useFresh";
import { StoredText } from "../text/StoredText";

export type Run = { readonly dagId: string; readonly runId: string };

type Props = Run & { readonly children: (workflow: WorkflowSummary) => ReactNode };

/** Finds the workflow of a run. A run that was bound again takes part in several; the newest is shown first. */
export const OfRun = ({ children, dagId, runId }: Props) => {
  const [chosen, setChosen] = useState<string>();
  const fresh = useFresh(`${dagId} ${runId}`, (signal) =>
    getWorkflows({ dag_id: dagId, limit: 20, run_id: runId }, signal),
  );
  const workflows = fresh.value?.workflows ?? [];
  const shown = workflows.find((workflow) => workflow.id === chosen) ?? workflows[0];

  return (
    <Box data-wfstate="" p={2}>
      <Freshness fresh={fresh} />
      {fresh.value !== undefined && shown === undefined ? (
        <Nothing>
          This run does not take part in a workflow. It joins one with StartWorkflowOperator, or with its first step.
        </Nothing>
      ) : undefined}
      {workflows.length < 2 ? undefined : (
        <HStack aria-label="Workflows of this run" mb={3} role="group" wrap="wrap">
          {workflows.map((workflow) => (
            <Button
              aria-pressed={workflow.id === shown?.id}
              key={workflow.id}
              maxWidth="full"
              onClick={() => setChosen(workflow.id)}
              size="xs"
              variant={workflow.id === shown?.id ? "solid" : "outline"}
            >
              <StoredText text={`${workflow.name} ${workflow.key} (${workflow.generation})`} />
            </Button>
          ))}
        </HStack>
      )}
      {shown === undefined ? undefined : children(shown)}
    </Box>
  );
};
