import { Box, Flex, Heading, HStack, Link, Skeleton, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { pageAddress } from "./airflow";
import { ErrorNotice } from "../notices/Notices";
import { getStats } from "../server/client";
import type { WorkflowStats } from "../server/model";
import { flaggedPalette, paletteOf } from "../text/statePalette";
import { useFresh } from "../server/useFresh";

type Card = {
  readonly count: (stats: WorkflowStats) => number;
  readonly label: string;
  readonly palette: string;
  readonly search: string;
};

const cards: readonly Card[] = [
  { count: (stats) => stats.flagged, label: "Need attention", palette: flaggedPalette, search: "?flagged=true" },
  { count: (stats) => stats.by_state.failed ?? 0, label: "Failed", palette: paletteOf("failed"), search: "?state=failed" },
  {
    count: (stats) => stats.by_state.compensation_failed ?? 0,
    label: "Compensation failed",
    palette: paletteOf("compensation_failed"),
    search: "?state=compensation_failed",
  },
  { count: (stats) => stats.by_state.running ?? 0, label: "Running", palette: paletteOf("running"), search: "?state=running" },
];

/** A card on Airflow's home page, like Airflow's own: how many workflows are running, and how many need attention. */
export const DashboardCard = () => {
  const { at, error, refresh, value } = useFresh("dashboard", (signal) => getStats({}, signal));

  return (
    <Box data-wfstate="">
      <Flex align="center" color="fg.muted" gap={2} my={2}>
        <Heading size="xs">Workflows</Heading>
        <Link asChild color="fg.info" fontSize="xs">
          <RouterLink to={pageAddress}>All workflows</RouterLink>
        </Link>
      </Flex>
      {error === undefined ? undefined : (
        <ErrorNotice at={at} error={error} retry={refresh} stale={value !== undefined} />
      )}
      <Flex gap={4} wrap="wrap">
        {cards.map((card) =>
          value !== undefined ? (
            <Count card={card} count={card.count(value)} key={card.label} />
          ) : error === undefined ? (
            <Skeleton borderRadius="lg" height="42px" key={card.label} width="175px" />
          ) : undefined,
        )}
      </Flex>
    </Box>
  );
};

const Count = ({ card, count }: { readonly card: Card; readonly count: number }) => (
  <RouterLink to={`${pageAddress}${card.search}`}>
    <HStack borderRadius="lg" borderWidth={1} colorPalette={card.palette} p={2}>
      <HStack
        bg="colorPalette.solid/15"
        borderColor="colorPalette.solid"
        borderRadius="full"
        borderWidth={1}
        gap={1.5}
        me={2}
        px={2}
      >
        <Box bg="colorPalette.solid" borderRadius="full" boxSize={2} />
        <Text as="span" fontSize="md">
          {count}
        </Text>
      </HStack>
      <Text fontSize="sm" fontWeight="bold">
        {card.label}
      </Text>
      <svg aria-hidden="true" fill="none" height="16" stroke="currentColor" strokeWidth="2" viewBox="0 0 24 24" width="16">
        <path d="m9 6 6 6-6 6" />
      </svg>
    </HStack>
  </RouterLink>
);
