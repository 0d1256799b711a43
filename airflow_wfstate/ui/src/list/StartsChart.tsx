import { Box, Flex, Text } from "@chakra-ui/react";

import type { StatsBucket } from "../server/model";
import { timeText } from "../text/time";

/** The number of bars in the chart. */
const barCount = 48;

/** The time range of the chart, in milliseconds since 1970. */
export type Window = {
  readonly from: number;
  readonly isLastDay: boolean;
  readonly to: number;
  /** Why nothing can have started in it; undefined for a usual range. */
  readonly whyEmpty: string | undefined;
};

/**
 * The time range that the chart shows: that of the filters, else the last day.
 *
 * @param since, until the filters' times; undefined if not set.
 */
export const windowOf = (since: string | undefined, until: string | undefined, now: number): Window => {
  // Nothing starts in the future.
  const latest = now + 60_000;
  const to = until === undefined ? latest : Math.min(Date.parse(until), latest);
  const from = since === undefined ? to - 24 * 3_600_000 : Date.parse(since);
  // At most the ten years that the server can count in this many bars.
  const begin = Math.max(from, to - 10 * 365 * 86_400_000);
  const whyEmpty =
    begin >= latest
      ? "its start is later than now"
      : begin >= to
        ? "its start is not before its end"
        : undefined;
  return { from: begin, isLastDay: since === undefined && until === undefined, to, whyEmpty };
};

/** The duration of a bar. */
export const bucketSecondsOf = ({ from, to }: Window): number => Math.max(1, Math.ceil((to - from) / 1000 / barCount));

/** The chart's bars: one per interval, even if nothing started in it. */
export const barsOf = (buckets: readonly StatsBucket[], window: Window): StatsBucket[] => {
  const length = bucketSecondsOf(window) * 1000;
  const bars = Array.from({ length: barCount }, (_, index) => ({
    at: new Date(window.from + index * length).toISOString(),
    failed: 0,
    started: 0,
  }));
  for (const bucket of buckets) {
    const index = Math.floor((Date.parse(bucket.at) - window.from) / length);
    const bar = bars[Math.min(Math.max(index, 0), barCount - 1)];
    if (bar !== undefined) {
      bar.started += bucket.started;
      bar.failed += bucket.failed;
    }
  }
  return bars;
};

type Props = { readonly buckets: readonly StatsBucket[]; readonly window: Window };

/** Workflows by start time, and how many of them failed; for an empty time range, why it is empty. */
export const StartsChart = ({ buckets, window }: Props) => {
  if (window.whyEmpty !== undefined) {
    return <Text color="fg.muted" fontSize="sm" mb={4}>{`No period to show: ${window.whyEmpty}.`}</Text>;
  }
  const bars = barsOf(buckets, window);
  const period = window.isLastDay
    ? "Last 24 hours"
    : `${timeText(new Date(window.from)).slice(0, 16)} to ${timeText(new Date(window.to)).slice(0, 16)}`;
  const highest = Math.max(1, ...bars.map((bar) => bar.started));
  const started = bars.reduce((sum, bar) => sum + bar.started, 0);
  const failed = bars.reduce((sum, bar) => sum + bar.failed, 0);

  return (
    <Box borderRadius="md" borderWidth={1} hideBelow="md" mb={4} p={3}>
      <Text color="fg.muted" fontSize="sm" mb={2}>
        {`${period}: ${started} started, ${failed} of them failed`}
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
