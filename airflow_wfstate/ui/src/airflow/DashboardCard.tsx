import { Box, Heading, HStack, Link, SimpleGrid, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { pageAddress } from "./airflow";
import { getStats } from "../server/client";
import { ErrorNotice, Loading } from "../notices/Notices";
import { useFresh } from "../server/useFresh";

/** On Airflow's home page: how many workflows run, and how many need somebody. */
export const DashboardCard = () => {
  const { error, value } = useFresh("dashboard", (signal) => getStats({}, signal));

  return (
    <Box data-wfstate="">
      <HStack mb={2}>
        <Heading size="md">Workflows</Heading>
        <Link asChild color="fg.info" fontSize="sm">
          <RouterLink to={pageAddress}>All workflows</RouterLink>
        </Link>
      </HStack>
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value === undefined ? undefined : (
        <SimpleGrid columns={{ base: 2, md: 4 }} gap={2}>
          <Count count={value.by_state.running ?? 0} label="running" palette="running" search="?state=running" />
          <Count count={value.flagged} label="need attention" palette="up_for_retry" search="?flagged=true" />
          <Count count={value.by_state.failed ?? 0} label="failed" palette="failed" search="?state=failed" />
          <Count
            count={value.by_state.compensation_failed ?? 0}
            label="compensation failed"
            palette="upstream_failed"
            search="?state=compensation_failed"
          />
        </SimpleGrid>
      )}
    </Box>
  );
};

type CountProps = {
  readonly count: number;
  readonly label: string;
  readonly palette: string;
  readonly search: string;
};

const Count = ({ count, label, palette, search }: CountProps) => (
  <Link asChild variant="plain">
    <RouterLink to={`${pageAddress}${search}`}>
      <HStack borderRadius="md" borderWidth={1} colorPalette={palette} p={3} width="full">
        <Box bg="colorPalette.solid" borderRadius="full" boxSize={3} flexShrink={0} />
        <Text fontSize="lg" fontWeight="bold">
          {count}
        </Text>
        <Text color="fg.muted">{label}</Text>
      </HStack>
    </RouterLink>
  </Link>
);
