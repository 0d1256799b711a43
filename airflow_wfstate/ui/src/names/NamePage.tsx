import { Alert, Box, Heading, HStack, Link, NativeSelect, SimpleGrid, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";
import { Link as RouterLink } from "react-router-dom";

import { useAddress } from "../address/useAddress";
import { pageAddress } from "../airflow/airflow";
import { BarChart } from "../charts/BarChart";
import { getNameStats } from "../server/client";
import { type NameStats, words, workflowStates } from "../server/model";
import { ErrorNotice, Loading, Nothing } from "../notices/Notices";
import { counted } from "../text/counted";
import { paletteOf } from "../text/StateBadge";
import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { thisMinute } from "../text/thisMinute";
import { timeText } from "../text/time";
import { useFresh } from "../server/useFresh";
import { useTitle } from "../workflow/useTitle";
import { barText, edgeText, secondsText } from "./durations";
import { ErrorsTable, StepsTable, VersionsTable } from "./NameTables";
import { nameQuestion, windowOf, windows } from "./nameWindow";
import { stretchesOf, tickText } from "./stretches";

/** Statistics of the workflows with one name. The address holds the time range. */
export const NamePage = ({ name }: { readonly name: string }) => {
  const [address, setAddress] = useAddress();
  useTitle(`${shownText(name)}: workflows`);
  const window = windowOf(address);
  const { error, value } = useFresh(
    `name ${window} ${name}`,
    (signal) => getNameStats(nameQuestion(name, window, thisMinute()), signal),
    30,
  );

  return (
    <>
      <HStack justify="space-between" mb={4} wrap="wrap">
        <Heading maxWidth="full" minWidth={0} overflowWrap="anywhere" size="lg">
          {"Workflow "}
          <StoredText text={name} />
        </Heading>
        <HStack wrap="wrap">
          <NativeSelect.Root size="sm" width="44">
            <NativeSelect.Field
              aria-label="Started"
              onChange={(event) => {
                const chosen = event.currentTarget.value;
                setAddress((last) => {
                  const next = new URLSearchParams(last);
                  next.set("since", chosen);
                  return next;
                });
              }}
              value={window}
            >
              {Object.entries(windows)
                .sort(([, one], [, other]) => one.hours - other.hours)
                .map(([id, { label }]) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
            </NativeSelect.Field>
            <NativeSelect.Indicator />
          </NativeSelect.Root>
          <Link asChild color="fg.info" fontSize="sm">
            <RouterLink to={listAddress(name, {})}>Show in the list</RouterLink>
          </Link>
        </HStack>
      </HStack>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value === undefined ? undefined : value.workflows === 0 ? (
        <Nothing>{`No workflow with this name that you are allowed to see started in the ${windows[window]?.label ?? ""}.`}</Nothing>
      ) : (
        <Numbers stats={value} window={window} />
      )}
    </>
  );
};

/** The address of the list, filtered by a name. */
const listAddress = (name: string, filters: Readonly<Record<string, string>>): string =>
  `${pageAddress}?${new URLSearchParams({ name, ...filters })}`;

const Numbers = ({ stats, window }: { readonly stats: NameStats; readonly window: string }) => {
  // The list has no filter for a month, so it shows more than was counted, never less.
  const since: Readonly<Record<string, string>> = ["hour", "day", "week"].includes(window) ? { since: window } : {};

  return (
    <>
      {stats.counted_since === null ? undefined : (
        <Alert.Root mb={4} status="info">
          <Alert.Indicator />
          <Alert.Description>
            {`Only the newest ${stats.workflows.toLocaleString("en")} workflows are counted. They have started since ${timeText(stats.counted_since)}.`}
          </Alert.Description>
        </Alert.Root>
      )}
      <SimpleGrid as="dl" columns={{ base: 2, md: 3, xl: 6 }} gap={3} mb={4}>
        <Tile label="Started">{stats.workflows.toLocaleString("en")}</Tile>
        <Tile label="Succeeded">
          <CountLink count={stats.by_state.succeeded ?? 0} to={listAddress(stats.name, { state: "succeeded", ...since })} />
        </Tile>
        <Tile label="Failed now">
          <CountLink count={stats.by_state.failed ?? 0} to={listAddress(stats.name, { state: "failed", ...since })} />
        </Tile>
        <Tile label="Failure rate" title="Workflows that failed or were undone, among those with a result">
          {stats.failure_rate === null ? "none ended" : `${(stats.failure_rate * 100).toFixed(1)}%`}
        </Tile>
        <Tile label="Duration, median" title="Among workflows that succeeded">
          {stats.duration === null ? "none succeeded" : secondsText(stats.duration.p50)}
        </Tile>
        <Tile label="Duration, 95th percentile" title="Among workflows that succeeded">
          {stats.duration === null ? "none succeeded" : secondsText(stats.duration.p95)}
        </Tile>
      </SimpleGrid>
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap={4} mb={4}>
        <Part title="By state, over time">
          <StatesChart stats={stats} />
        </Part>
        <Part title="Duration of workflows that succeeded">
          <DurationsChart stats={stats} />
        </Part>
      </SimpleGrid>
      <SimpleGrid columns={{ base: 1, xl: 2 }} gap={4}>
        <Part title="Slowest steps">
          <StepsTable stats={stats} />
        </Part>
        <Part title="Most frequent errors">
          <ErrorsTable list={(filters) => listAddress(stats.name, { ...filters, ...since })} stats={stats} />
        </Part>
        <Part title="Definition versions">
          <VersionsTable stats={stats} />
        </Part>
      </SimpleGrid>
    </>
  );
};

type TileProps = { readonly children: ReactNode; readonly label: string; readonly title?: string };

const Tile = ({ children, label, title }: TileProps) => (
  <Box borderRadius="md" borderWidth={1} p={3} title={title}>
    <Text as="dt" color="fg.muted" fontSize="xs">
      {label}
    </Text>
    <Text as="dd" fontSize="xl" fontVariantNumeric="tabular-nums" fontWeight="semibold">
      {children}
    </Text>
  </Box>
);

const CountLink = ({ count, to }: { readonly count: number; readonly to: string }) =>
  count === 0 ? (
    "0"
  ) : (
    <Link asChild color="fg.info">
      <RouterLink to={to}>{count.toLocaleString("en")}</RouterLink>
    </Link>
  );

const Part = ({ children, title }: { readonly children: ReactNode; readonly title: string }) => (
  <Box as="section" borderRadius="md" borderWidth={1} minWidth={0} p={3}>
    <Heading as="h3" mb={2} size="sm">
      {title}
    </Heading>
    {children}
  </Box>
);

const StatesChart = ({ stats }: { readonly stats: NameStats }) => {
  const states = workflowStates.filter((state) => (stats.by_state[state] ?? 0) > 0);
  const stretches = stretchesOf(stats);

  return (
    <BarChart
      bars={stretches.map((stretch) => {
        const time = timeText(stretch.at);
        return {
          name: time.slice(0, 16),
          tick: tickText(time, stats.bucket_seconds),
          values: states.map((state) => stretch.by_state[state] ?? 0),
        };
      })}
      label={`Workflows by start time and current state: ${states.map((state) => `${stats.by_state[state] ?? 0} ${words(state)}`).join(", ")}`}
      parts={states.map((state) => ({ name: words(state), palette: paletteOf(state) }))}
      what="Started"
    />
  );
};

const DurationsChart = ({ stats }: { readonly stats: NameStats }) =>
  stats.duration === null ? (
    <Nothing>No workflow has succeeded yet.</Nothing>
  ) : (
    <>
      <BarChart
        bars={stats.histogram.map((bar) => ({
          name: barText(bar),
          tick: edgeText(bar.from_seconds),
          values: [bar.workflows],
        }))}
        label={`Durations of ${counted(stats.duration.count, "workflow")}: half took at most ${secondsText(stats.duration.p50)}, 95 percent at most ${secondsText(stats.duration.p95)}`}
        parts={[{ name: "workflows", palette: paletteOf("succeeded") }]}
        what="Duration"
      />
      <Text color="fg.muted" fontSize="xs" mt={1}>
        {`Median ${secondsText(stats.duration.p50)}, 95th percentile ${secondsText(stats.duration.p95)}, longest ${secondsText(stats.duration.longest)}. Measured from the start to the end of the work, without the undo.`}
      </Text>
    </>
  );
