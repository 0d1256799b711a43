import { Link, Table } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { runAddress } from "../airflow/airflow";
import { AirflowState } from "../graph/AirflowState";
import type { LinkedRun } from "../server/model";
import { Ellipsis } from "../text/Ellipsis";

/** The DAG runs of a workflow, each linked to its page in Airflow. */
export const RunsTable = ({ runs }: { readonly runs: readonly LinkedRun[] }) => (
  <Table.ScrollArea>
    <Table.Root size="sm">
      <Table.Header>
        <Table.Row>
          <Table.ColumnHeader>Role</Table.ColumnHeader>
          <Table.ColumnHeader>DAG</Table.ColumnHeader>
          <Table.ColumnHeader>Run</Table.ColumnHeader>
          <Table.ColumnHeader>State in Airflow</Table.ColumnHeader>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {runs.map((run) => (
          <Table.Row key={`${run.dag_id} ${run.run_id}`}>
            <Table.Cell>{run.role}</Table.Cell>
            <Table.Cell maxWidth="64" minWidth="36">
              <Ellipsis text={run.dag_id} />
            </Table.Cell>
            <Table.Cell maxWidth="80" minWidth="44">
              {run.state === null ? (
                <Ellipsis text={run.run_id} />
              ) : (
                <Link asChild color="fg.info" display="block">
                  <RouterLink to={runAddress(run.dag_id, run.run_id)}>
                    <Ellipsis text={run.run_id} />
                  </RouterLink>
                </Link>
              )}
            </Table.Cell>
            <Table.Cell whiteSpace="nowrap">
              <AirflowState state={run.state} />
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  </Table.ScrollArea>
);
