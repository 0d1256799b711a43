import { Box, Flex, Text } from "@chakra-ui/react";

import type { StatsBucket } from "../server/model";
import { timeText } from "../text/time";

export const chartHours = 24;
export const bucketSeconds = 1800;

/** The chart's bars: one for each stretch of time up to now, also where nothing started. */
export const barsOf = (buckets: readonly StatsBucket[], since: number): StatsBucket[] => {
  const count = (chartHours * 3600) / bucketSeconds;
  const bars = Array.from({ length: count }, (_, index) => ({
    at: new Date(since + index * bucketSeconds * 1000).toISOString(),
    failed: 0,
    started: 0,
  }));
  for (const bucket of buckets) {
    const index = Math.floor((Date.parse(bucket.at) - since) / (bucketSeconds * 1000));
    const bar = bars[Math.min(Math.max(index, 0), count - 1)];
    if (bar !== undefined) {
      bar.started += bucket.started;
      bar.failed += bucket.failed;
    }
  }
  return bars;
};

/** Workflows started in the last day, and how many of them have failed. */
export const StartsChart = ({ buckets, since }: { readonly buckets: readonly StatsBucket[]; readonly since: number }) => {
  const bars = barsOf(buckets, since);
  const highest = Math.max(1, ...bars.map((bar) => bar.started));
  const started = bars.reduce((sum, bar) => sum + bar.started, 0);
  const failed = bars.reduce((sum, bar) => sum + bar.failed, 0);

  return (
    <Box borderRadius="md" borderWidth={1} mb={4} p={3}>
      <Text color="fg.muted" fontSize="sm" mb={2}>
        {`Last ${chartHours} hours: ${started} started, ${failed} of them failed`}
      </Text>
      <Flex align="flex-end" aria-label={`${started} started, ${failed} failed`} gap="2px" height="48px" role="img">
        {bars.map((bar) => (
          <Flex
            bg={bar.started === 0 ? "border" : "success.solid"}
            direction="column"
            flex="1"
            height={bar.started === 0 ? "1px" : `${Math.max(8, (bar.started / highest) * 100)}%`}
            key={bar.at}
            title={`${timeText(bar.at)}: ${bar.started} started, ${bar.failed} failed`}
          >
            <Box bg="failed.solid" height={bar.started === 0 ? 0 : `${(bar.failed / bar.started) * 100}%`} />
          </Flex>
        ))}
      </Flex>
    </Box>
  );
};
