import { Box, Button, Heading, HStack, Text } from "@chakra-ui/react";
import { useCallback, useState } from "react";

import { ErrorNotice, Loading } from "../notices/Notices";
import { getDensity, getUnmappedSteps } from "../server/client";
import type { WorkflowDetail } from "../server/model";
import { useFresh } from "../server/useFresh";
import { NoSteps } from "../steps/NoSteps";
import { StoredText } from "../text/StoredText";
import { momentAt, moved, percentOf, type Span, whole, type Window, windowBetween, zoomed } from "./axis";
import { DragToZoom } from "./DragToZoom";
import { TimelineLegend } from "./TimelineLegend";
import { type Scale, TimelineRow } from "./TimelineRow";
import { TimelineScale } from "./TimelineScale";
import { timelineOf } from "./timeline";
import { type Shown, Tooltip } from "./Tooltip";

type Props = {
  /** In milliseconds since 1970. */
  readonly now: number;
  readonly workflow: WorkflowDetail;
};

/** What every participant did over time: one lane each, one bar per attempt, and the compensations. */
export const TimelineView = ({ now, workflow }: Props) => {
  const { id } = workflow.summary;
  const { error, value } = useFresh(id, (signal) => getUnmappedSteps(id, signal));
  const isWide = workflow.step_groups.some((group) => group.is_mapped);
  // Loaded less often than the rest, because the server counts every attempt of the mapped steps.
  const densities = useFresh(`${id} ${isWide}`, async (signal) => (isWide ? getDensity(id, signal) : []), 15);
  // Stored as times, because the axis of a running workflow grows.
  const [looked, setLooked] = useState<Span>();
  const [shown, setShown] = useState<Shown>();
  const hide = useCallback(() => setShown(undefined), []);
  if (value === undefined) {
    return error === undefined ? <Loading /> : <ErrorNotice error={error} stale={false} />;
  }
  const timeline = timelineOf(workflow, value, densities.value ?? [], now);
  if (timeline.lanes.length === 0) {
    return <NoSteps state={workflow.summary.state} />;
  }
  const { axis } = timeline;
  const window: Window =
    looked === undefined
      ? whole
      : { end: percentOf(axis, whole, looked.to) / 100, start: percentOf(axis, whole, looked.from) / 100 };
  const setWindow = ({ end, start }: Window) =>
    setLooked(end - start > 0.999 ? undefined : { from: momentAt(axis, start), to: momentAt(axis, end) });
  const scale: Scale = { axis, window };
  const isWhole = looked === undefined;

  return (
    <Box aria-label="Timeline" as="section">
      {error === undefined ? undefined : <ErrorNotice error={error} stale />}
      <HStack justify="space-between" mb={2} wrap="wrap">
        <Text color="fg.muted" fontSize="xs">
          {isWhole ? "Drag across the bars to zoom in." : "Showing part of the timeline."}
        </Text>
        <HStack aria-label="Zoom" role="group">
          <Button aria-label="Earlier" disabled={isWhole} onClick={() => setWindow(moved(window, -0.5))} size="2xs" variant="outline">
            ◂
          </Button>
          <Button aria-label="Later" disabled={isWhole} onClick={() => setWindow(moved(window, 0.5))} size="2xs" variant="outline">
            ▸
          </Button>
          <Button aria-label="Zoom out" disabled={isWhole} onClick={() => setWindow(zoomed(window, 2))} size="2xs" variant="outline">
            −
          </Button>
          <Button aria-label="Zoom in" onClick={() => setWindow(zoomed(window, 0.5))} size="2xs" variant="outline">
            +
          </Button>
          <Button disabled={isWhole} onClick={() => setWindow(whole)} size="2xs" variant="outline">
            Reset
          </Button>
        </HStack>
      </HStack>
      <Box aria-label="Timeline, scrolls sideways" borderRadius="md" borderWidth={1} overflowX="auto" role="region" tabIndex={0}>
        <Box minWidth="340px" p={3}>
          <DragToZoom choose={(one, other) => setWindow(windowBetween(window, one, other))}>
            <TimelineScale scale={scale} />
            {timeline.lanes.map((lane) => (
              <Box borderTopWidth={1} key={lane.participant} py={1}>
                <Heading as="h3" fontSize="sm" left={0} maxWidth="full" position="sticky" py={1} truncate width="fit-content">
                  <StoredText text={lane.participant} />
                </Heading>
                {lane.rows.map((row) => (
                  <TimelineRow
                    key={row.key}
                    now={timeline.now}
                    row={row}
                    scale={scale}
                    show={setShown}
                  />
                ))}
              </Box>
            ))}
          </DragToZoom>
        </Box>
      </Box>
      <TimelineLegend timeline={timeline} />
      {shown === undefined ? undefined : <Tooltip hide={hide} shown={shown} />}
    </Box>
  );
};
