import { Box, Button, Heading, HStack, Input, Link, List, Text } from "@chakra-ui/react";
import { type FormEvent, useState } from "react";
import { Link as RouterLink, useNavigate } from "react-router-dom";

import { compareAddress, workflowAddress } from "../airflow/airflow";
import { getWorkflow, getWorkflows } from "../server/client";
import type { StepGroup, WorkflowDetail, WorkflowSummary } from "../server/model";
import { ErrorNotice, Loading, Nothing } from "../notices/Notices";
import { ErrorText } from "../text/ErrorText";
import { StateBadge } from "../text/StateBadge";
import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { spanText, timeText, workedText } from "../text/time";
import { useFresh } from "../server/useFresh";
import { useTitle } from "../workflow/useTitle";
import { comparedSteps, stepsDiffer } from "./comparedSteps";
import { type Compared, SideBySide } from "./SideBySide";
import { ValueDifferences } from "./ValueDifferences";

type Props = { readonly first: string; readonly second: string | undefined };

/** Two workflows side by side. With only one, it offers workflows to compare with. */
export const ComparePage = ({ first, second }: Props) => {
  const { error, value } = useFresh(`compare ${first} ${second ?? ""}`, (signal) =>
    Promise.all([getWorkflow(first, signal), second === undefined ? undefined : getWorkflow(second, signal)]),
  );
  const [left, right] = value ?? [];
  const keys = [left, right].flatMap((one) => (one === undefined ? [] : [shownText(one.summary.key)]));
  useTitle(`Compare ${keys.length === 0 ? "workflows" : keys.join(" with ")}`);

  return (
    <>
      <Heading mb={4} size="lg">
        Two workflows side by side
      </Heading>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {left === undefined ? undefined : right === undefined ? (
        <Choice workflow={left.summary} />
      ) : (
        <Comparison left={left} right={right} />
      )}
    </>
  );
};

const titleOf = ({ generation, key, name }: WorkflowSummary): string =>
  `${name} ${key}${generation > 1 ? ` (generation ${generation})` : ""}`;

const Title = ({ summary }: { readonly summary: WorkflowSummary }) => (
  <Link asChild color="fg.info">
    <RouterLink to={workflowAddress(summary.id)}>
      <StoredText text={titleOf(summary)} />
    </RouterLink>
  </Link>
);

const Comparison = ({ left, right }: { readonly left: WorkflowDetail; readonly right: WorkflowDetail }) => {
  const names = { leftName: titleOf(left.summary), rightName: titleOf(right.summary) };
  return (
    <>
      <SideBySide
        label="Facts"
        left={<Title summary={left.summary} />}
        right={<Title summary={right.summary} />}
        rows={factsOf(left.summary, right.summary)}
        what="Fact"
      />
      <Heading as="h3" mb={1} mt={4} size="sm">
        Steps
      </Heading>
      <SideBySide
        label="Steps"
        left={<StoredText text={names.leftName} />}
        right={<StoredText text={names.rightName} />}
        rows={comparedSteps(left, right).map((row) => ({
          differs: stepsDiffer(row),
          left: row.left === undefined ? undefined : <StepFacts group={row.left} />,
          name: row.name,
          right: row.right === undefined ? undefined : <StepFacts group={row.right} />,
        }))}
        what="Step"
      />
      <Box mt={4}>
        <ValueDifferences label="Input" left={left.input} right={right.input} {...names} />
        <ValueDifferences label="Output" left={left.output} right={right.output} {...names} />
      </Box>
    </>
  );
};

const factsOf = (left: WorkflowSummary, right: WorkflowSummary): Compared[] => [
  {
    differs: left.state !== right.state,
    left: <StateBadge state={left.state} />,
    name: "State",
    right: <StateBadge state={right.state} />,
  },
  { differs: false, left: timeText(left.started_at), name: "Started", right: timeText(right.started_at) },
  { differs: false, left: workedText(left), name: "Duration", right: workedText(right) },
  {
    differs: left.steps_done !== right.steps_done || left.steps_total !== right.steps_total,
    left: `${left.steps_done} of ${left.steps_total}`,
    name: "Steps done",
    right: `${right.steps_done} of ${right.steps_total}`,
  },
  {
    differs: left.error !== right.error,
    left: left.error === null ? "none" : <ErrorText error={left.error} />,
    name: "Error",
    right: right.error === null ? "none" : <ErrorText error={right.error} />,
  },
  textFact("Labels", labelsOf(left), labelsOf(right)),
  textFact("Participants", left.participants.join(", "), right.participants.join(", ")),
];

const labelsOf = ({ labels }: WorkflowSummary): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");

const textFact = (name: string, left: string, right: string): Compared => ({
  differs: left !== right,
  left: <StoredText text={left === "" ? "none" : left} />,
  name,
  right: <StoredText text={right === "" ? "none" : right} />,
});

const StepFacts = ({ group }: { readonly group: StepGroup }) => (
  <>
    <HStack gap={2} wrap="wrap">
      <StateBadge state={group.state} />
      <Text as="span" fontSize="sm">
        {spanText(group.started_at, group.state === "running" || group.state === "waiting" ? null : group.updated_at)}
        {group.is_mapped ? `, ${group.items} items` : ""}
        {group.attempts > group.items ? `, ${group.attempts} attempts` : ""}
      </Text>
    </HStack>
    {group.error === null ? undefined : <ErrorText error={group.error} />}
  </>
);

/** The newest workflows with the same name, and a field for the id of any other workflow. */
const Choice = ({ workflow }: { readonly workflow: WorkflowSummary }) => {
  const [id, setId] = useState("");
  const navigate = useNavigate();
  const { error, value } = useFresh(`others of ${workflow.name}`, (signal) =>
    getWorkflows({ limit: 20, name: workflow.name }, signal),
  );
  const others = value?.workflows.filter((other) => other.id !== workflow.id) ?? [];

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (id.trim() !== "") {
      void navigate(compareAddress(workflow.id, id.trim()));
    }
  };

  return (
    <>
      <Text mb={3}>
        {"Compare "}
        <Title summary={workflow} />
        {" with:"}
      </Text>
      <form onSubmit={submit}>
        <HStack mb={4} wrap="wrap">
          <Input
            aria-label="Id of the other workflow"
            maxLength={36}
            onChange={(event) => setId(event.currentTarget.value)}
            placeholder="Id of the other workflow"
            size="sm"
            value={id}
            width="96"
            maxWidth="full"
          />
          <Button size="sm" type="submit" variant="outline">
            Compare
          </Button>
        </HStack>
      </form>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value !== undefined && others.length === 0 ? <Nothing>There is no other workflow with this name.</Nothing> : undefined}
      <List.Root listStyle="none" ps={0}>
        {others.map((other) => (
          <List.Item key={other.id} py={1}>
            <HStack wrap="wrap">
              <StateBadge state={other.state} />
              <Link asChild color="fg.info" overflowWrap="anywhere">
                <RouterLink to={compareAddress(workflow.id, other.id)}>
                  <StoredText text={titleOf(other)} />
                </RouterLink>
              </Link>
              <Text as="span" color="fg.muted" fontSize="sm">
                {`started ${timeText(other.started_at)}`}
              </Text>
            </HStack>
          </List.Item>
        ))}
      </List.Root>
    </>
  );
};
