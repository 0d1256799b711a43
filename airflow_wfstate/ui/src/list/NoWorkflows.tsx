import { Box, Button, Code, Link, Stack, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { Nothing } from "../notices/Notices";
import { StoredText } from "../text/StoredText";

type Props = {
  readonly clear: () => void;
  /** The DAG whose page this is; undefined on the page of all workflows. */
  readonly dagId: string | undefined;
  readonly isFiltered: boolean;
};

const example = `from airflow_wfstate import StartWorkflowOperator

start = StartWorkflowOperator(task_id="start", name="order", key="{{ params.order_id }}")

@task.step(compensate=refund)
def charge(order_id: str) -> str: ...`;

/** Shown when the list is empty: why it is empty, and what a workflow is. */
export const NoWorkflows = ({ clear, dagId, isFiltered }: Props) =>
  isFiltered ? (
    <Nothing>
      {"No workflows match. "}
      <Button onClick={clear} size="sm" variant="outline">
        Clear the filters
      </Button>
    </Nothing>
  ) : (
    <Stack align="center" gap={3} py={8}>
      <Text overflowWrap="anywhere" textAlign="center">
        {dagId === undefined ? (
          "No workflow has started yet."
        ) : (
          <>
            {"The DAG "}
            <StoredText text={dagId} />
            {" does not take part in any workflow."}
          </>
        )}
      </Text>
      <Text color="fg.muted" maxWidth="2xl" textAlign="center">
        A workflow is one execution of a business process, such as an order. It records which steps are done, what each
        step produced and how to undo it, across DAGs. A DAG starts a workflow, and its tasks become steps that are never
        done twice:
      </Text>
      <Box maxWidth="full" overflowX="auto" tabIndex={0}>
        <Code display="block" p={3} whiteSpace="pre">
          {example}
        </Code>
      </Box>
      {dagId === undefined ? (
        <Link asChild color="fg.info">
          <RouterLink to="/dags">Browse the DAGs and run one</RouterLink>
        </Link>
      ) : (
        <Link asChild color="fg.info">
          <RouterLink to="/plugin/wfstate">Workflows of all DAGs</RouterLink>
        </Link>
      )}
    </Stack>
  );
