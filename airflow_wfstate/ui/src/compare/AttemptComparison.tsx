import { Box, HStack, NativeSelect, Text } from "@chakra-ui/react";
import { useState } from "react";

import type { Attempt } from "../server/model";
import { ErrorText } from "../text/ErrorText";
import { StateBadge } from "../text/StateBadge";
import { StoredText } from "../text/StoredText";
import { present } from "../text/clock";
import { durationText, spanText, timeText } from "../text/time";
import { type Compared, SideBySide } from "./SideBySide";

/** Two attempts of a step side by side, initially the last two. Renders nothing if there is only one. */
export const AttemptComparison = ({ attempts }: { readonly attempts: readonly Attempt[] }) => {
  const numbers = attempts.map((attempt) => attempt.number);
  const [chosen, setChosen] = useState<readonly [number | undefined, number | undefined]>([undefined, undefined]);
  const left = attempts.find((attempt) => attempt.number === chosen[0]) ?? attempts[attempts.length - 2];
  const right = attempts.find((attempt) => attempt.number === chosen[1]) ?? attempts[attempts.length - 1];

  return left === undefined || right === undefined ? undefined : (
    <details>
      <Box as="summary" cursor="pointer" fontSize="sm">
        Compare two attempts
      </Box>
      <HStack my={2} wrap="wrap">
        <Choice choose={(number) => setChosen([number, right.number])} label="First attempt" numbers={numbers} value={left.number} />
        <Text as="span" fontSize="sm">
          and
        </Text>
        <Choice choose={(number) => setChosen([left.number, number])} label="Second attempt" numbers={numbers} value={right.number} />
      </HStack>
      <SideBySide
        label="Two attempts"
        left={`Attempt ${left.number}`}
        right={`Attempt ${right.number}`}
        rows={rowsOf(left, right)}
        what="Fact"
      />
    </details>
  );
};

type ChoiceProps = {
  readonly choose: (number: number) => void;
  readonly label: string;
  readonly numbers: readonly number[];
  readonly value: number;
};

const Choice = ({ choose, label, numbers, value }: ChoiceProps) => (
  <NativeSelect.Root size="xs" width="36">
    <NativeSelect.Field aria-label={label} onChange={(event) => choose(Number(event.currentTarget.value))} value={value}>
      {numbers.map((number) => (
        <option key={number} value={number}>
          {`attempt ${number}`}
        </option>
      ))}
    </NativeSelect.Field>
    <NativeSelect.Indicator />
  </NativeSelect.Root>
);

const rowsOf = (left: Attempt, right: Attempt): Compared[] => [
  {
    differs: left.state !== right.state,
    left: <StateBadge state={left.state} />,
    name: "State",
    right: <StateBadge state={right.state} />,
  },
  textRow("Round", String(left.round), String(right.round)),
  { ...textRow("Started", timeText(left.started_at), timeText(right.started_at)), differs: false },
  { ...textRow("Duration", spanText(left.started_at, left.ended_at), spanText(right.started_at, right.ended_at)), differs: false },
  { ...textRow("Waited", waited(left), waited(right)), differs: false },
  textRow("Task", taskOf(left), taskOf(right)),
  { ...textRow("Try in Airflow", String(left.try_number), String(right.try_number)), differs: false },
  textRow("DAG version", left.dag_version_id ?? "unknown", right.dag_version_id ?? "unknown"),
  textRow("Bundle version", left.bundle_version ?? "none", right.bundle_version ?? "none"),
  {
    differs: left.error !== right.error,
    left: left.error === null ? "none" : <ErrorText error={left.error} />,
    name: "Error",
    right: right.error === null ? "none" : <ErrorText error={right.error} />,
  },
];

const textRow = (name: string, left: string, right: string): Compared => ({
  differs: left !== right,
  left: <StoredText text={left} />,
  name,
  right: <StoredText text={right} />,
});

const taskOf = (attempt: Attempt): string =>
  `${attempt.dag_id} / ${attempt.run_id} / ${attempt.task_id}${attempt.map_index < 0 ? "" : `[${attempt.map_index}]`}`;

const waited = (attempt: Attempt): string =>
  durationText(
    attempt.waits.reduce(
      (sum, wait) => sum + (wait.ended_at === null ? present() : Date.parse(wait.ended_at)) - Date.parse(wait.began_at),
      0,
    ),
  );
