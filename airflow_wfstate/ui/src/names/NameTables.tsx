import { Box, Code, Link, Table, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";
import { Link as RouterLink } from "react-router-dom";

import { workflowAddress } from "../airflow/airflow";
import type { NameStats } from "../server/model";
import { Nothing } from "../notices/Notices";
import { counted } from "../text/counted";
import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { timeText } from "../text/time";
import { secondsText } from "./durations";

type Props = { readonly stats: NameStats };

/** The steps whose attempts take the longest. */
export const StepsTable = ({ stats }: Props) => {
  const slowest = Math.max(...stats.steps.map((step) => step.seconds.p95), 0.001);

  return stats.steps.length === 0 ? (
    <Nothing>No step attempt has ended yet.</Nothing>
  ) : (
    <>
      <Titled columns={["Step", "Median", "95%", "Longest", "Attempts", "Failed"]} label="Slowest steps">
        {stats.steps.map((step) => (
          <Table.Row key={step.step}>
            <Table.Cell minWidth="40" overflowWrap="anywhere">
              <StoredText text={step.step} />
              <Box aria-hidden="true" bg="running.solid" borderRadius="full" height="3px" mt={1} style={{ width: `${(step.seconds.p95 / slowest) * 100}%` }} />
            </Table.Cell>
            <Numeric>{secondsText(step.seconds.p50)}</Numeric>
            <Numeric>{secondsText(step.seconds.p95)}</Numeric>
            <Numeric>{secondsText(step.seconds.longest)}</Numeric>
            <Numeric>{step.seconds.count.toLocaleString("en")}</Numeric>
            <Numeric>{step.failed.toLocaleString("en")}</Numeric>
          </Table.Row>
        ))}
      </Titled>
      {stats.steps_cut ? <Note>Measured on the newest workflows only: there are more attempts than one request reads.</Note> : undefined}
    </>
  );
};

type ErrorProps = Props & {
  /** Returns the address of the list with more filters. */
  readonly list: (filters: Readonly<Record<string, string>>) => string;
};

/** The most frequent errors. */
export const ErrorsTable = ({ list, stats }: ErrorProps) =>
  stats.errors.length === 0 ? (
    <Nothing>No workflow has an error.</Nothing>
  ) : (
    <>
      <Titled columns={["Error", "Workflows"]} label="Most frequent errors">
        {stats.errors.map((error) => (
          <Table.Row key={error.newest_workflow_id}>
            <Table.Cell minWidth="48">
              <Text fontSize="sm" lineClamp={3} overflowWrap="anywhere" title={shownText(error.error)}>
                <StoredText text={error.error} />
              </Text>
              <Link asChild color="fg.info" fontSize="xs">
                <RouterLink to={workflowAddress(error.newest_workflow_id)}>newest workflow</RouterLink>
              </Link>
            </Table.Cell>
            <Numeric>
              <Link asChild color="fg.info">
                <RouterLink to={list(error.shared_text === "" ? {} : { error: error.shared_text })}>
                  {error.workflows.toLocaleString("en")}
                </RouterLink>
              </Link>
            </Numeric>
          </Table.Row>
        ))}
      </Titled>
      <Note>Errors that differ only in numbers and ids are counted together.</Note>
    </>
  );

/** The definitions of the name, newest first. */
export const VersionsTable = ({ stats }: Props) => (
  <Titled columns={["Version", "First used", "Planned steps", "Workflows", "Failed or undone"]} label="Definition versions">
    {stats.versions.map((version) => (
      <Table.Row key={version.sha256}>
        <Table.Cell>
          {version.number === null ? undefined : `${version.number} `}
          <Code title={version.sha256} variant="plain">
            {version.sha256.slice(0, 12)}
          </Code>
        </Table.Cell>
        <Table.Cell whiteSpace="nowrap">{timeText(version.created_at)}</Table.Cell>
        <Numeric>{version.planned_steps === 0 ? "no plan" : counted(version.planned_steps, "step")}</Numeric>
        <Numeric>{version.workflows.toLocaleString("en")}</Numeric>
        <Numeric>{`${version.unsuccessful.toLocaleString("en")} (${((version.unsuccessful / Math.max(1, version.workflows)) * 100).toFixed(1)}%)`}</Numeric>
      </Table.Row>
    ))}
  </Titled>
);

type TitledProps = { readonly children: ReactNode; readonly columns: readonly string[]; readonly label: string };

const Titled = ({ children, columns, label }: TitledProps) => (
  <Table.ScrollArea aria-label={`${label}, scrolls sideways`} role="region" tabIndex={0}>
    <Table.Root aria-label={label} size="sm">
      <Table.Header>
        <Table.Row>
          {columns.map((column, index) => (
            <Table.ColumnHeader key={column} textAlign={index === 0 ? "start" : "end"} whiteSpace="nowrap">
              {column}
            </Table.ColumnHeader>
          ))}
        </Table.Row>
      </Table.Header>
      <Table.Body>{children}</Table.Body>
    </Table.Root>
  </Table.ScrollArea>
);

const Numeric = ({ children }: { readonly children: ReactNode }) => (
  <Table.Cell fontVariantNumeric="tabular-nums" textAlign="end" whiteSpace="nowrap">
    {children}
  </Table.Cell>
);

const Note = ({ children }: { readonly children: string }) => (
  <Text color="fg.muted" fontSize="xs" mt={2}>
    {children}
  </Text>
);
