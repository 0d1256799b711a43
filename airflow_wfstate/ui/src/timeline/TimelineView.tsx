import { Box, Button, Flex, Heading, HStack, Text } from "@chakra-ui/react";
import { useState } from "react";
import { Link as RouterLink } from "react-router-dom";

import { isAirflows, logAddress } from "../airflow/airflow";
import { getUnmappedSteps } from "../server/client";
import { counted } from "../text/counted";
import { countsText, stepStates, words, type WorkflowDetail } from "../server/model";
import { ErrorNotice, Loading } from "../notices/Notices";
import { paletteOf } from "../text/StateBadge";
import { durationText, timeText } from "../text/time";
import { type AttemptBar, type CompensationBar, type GroupBar, percentOf, type Row, ticksOf, type Timeline, timelineOf } from "./timeline";
import { useFresh } from "../server/useFresh";
import { StoredText } from "../text/StoredText";
import { shownText } from "../text/shownText";

const rowHeight = "28px";
const labelWidth = "200px";
const zooms = [1, 2, 4, 8, 16];
const hatched =
  "repeating-linear-gradient(135deg, rgba(255, 255, 255, 0.65) 0 3px, rgba(0, 0, 0, 0.25) 3px 6px)";

type Props = {
  /** In milliseconds since 1970. */
  readonly now: number;
  readonly workflow: WorkflowDetail;
};

/** What every participant did, in time: a lane each, a bar for each attempt, compensations as the way back. */
export const TimelineView = ({ now, workflow }: Props) => {
  const [zoom, setZoom] = useState(1);
  const { id } = workflow.summary;
  const { error, value } = useFresh(id, (signal) => getUnmappedSteps(id, signal));
  if (value === undefined) {
    return error === undefined ? <Loading /> : <ErrorNotice error={error} stale={false} />;
  }
  const timeline = timelineOf(workflow, value, now);

  return (
    <Box aria-label="Timeline" as="section">
      <HStack justify="space-between" mb={2} wrap="wrap">
        <Legend />
        <HStack aria-label="Zoom" role="group">
          {zooms.map((factor) => (
            <Button
              aria-pressed={zoom === factor}
              key={factor}
              onClick={() => setZoom(factor)}
              size="2xs"
              variant={zoom === factor ? "solid" : "outline"}
            >
              {`${factor}x`}
            </Button>
          ))}
        </HStack>
      </HStack>
      <Box aria-label="Timeline, scrolls sideways" borderRadius="md" borderWidth={1} overflowX="auto" role="region" tabIndex={0}>
        <Box minWidth="640px" p={3} width={`${zoom * 100}%`}>
          <Axis timeline={timeline} />
          {timeline.lanes.map((lane) => (
            <Box borderTopWidth={1} key={lane.participant} py={1}>
              <Heading as="h3" fontSize="sm" left={0} position="sticky" py={1} width="fit-content">
                {lane.participant}
              </Heading>
              {lane.rows.map((row) => (
                <TimelineRow key={row.key} row={row} timeline={timeline} />
              ))}
            </Box>
          ))}
        </Box>
      </Box>
    </Box>
  );
};

const Axis = ({ timeline }: { readonly timeline: Timeline }) => (
  <Flex color="fg.muted" fontSize="xs" justify="space-between" ml={labelWidth} pb={1}>
    {ticksOf(timeline, 4).map((moment) => (
      <Text key={moment} whiteSpace="nowrap">
        {timeText(new Date(moment)).slice(11)}
      </Text>
    ))}
  </Flex>
);

const TimelineRow = ({ row, timeline }: { readonly row: Row; readonly timeline: Timeline }) => (
  <Flex align="center" height={rowHeight}>
    <Text bg="bg" flexShrink={0} fontSize="sm" left={0} position="sticky" truncate width={labelWidth} zIndex={1}>
      <StoredText text={row.label} />
    </Text>
    <Box borderStartWidth={1} flex="1" height="full" position="relative">
      {row.attempts.map((bar) => (
        <AttemptMark bar={bar} key={bar.attempt.number} label={row.label} timeline={timeline} />
      ))}
      {row.groups.map((bar) => (
        <GroupMark bar={bar} key={row.key} timeline={timeline} />
      ))}
      {row.compensations.map((bar) => (
        <CompensationMark bar={bar} key={bar.compensation.round} label={row.label} timeline={timeline} />
      ))}
      {timeline.now === undefined ? undefined : (
        <Box
          bg="fg.info"
          height="full"
          left={`calc(${percentOf(timeline, timeline.now)}% - 2px)`}
          position="absolute"
          title="now"
          top={0}
          width="2px"
        />
      )}
    </Box>
  </Flex>
);

/** Left end and width of a bar; never too narrow to be seen. */
const placed = (timeline: Timeline, bar: { readonly from: number; readonly to: number }) => {
  const left = percentOf(timeline, bar.from);
  return { left: `min(${left}%, calc(100% - 10px))`, minWidth: "10px", width: `${percentOf(timeline, bar.to) - left}%` };
};

type MarkProps<Bar> = { readonly bar: Bar; readonly label: string; readonly timeline: Timeline };

const AttemptMark = ({ bar, label, timeline }: MarkProps<AttemptBar>) => {
  const { attempt } = bar;
  const sign = attempt.state === "lost" ? "?" : attempt.state === "failed" ? "✕" : attempt.number > 1 ? "↻" : "";
  const text = `${label}, attempt ${attempt.number}: ${words(attempt.state)}, ${durationText(bar.to - bar.from)}`;
  const airflows = isAirflows(attempt);
  const inside = (
    <>
      {bar.waits.map((wait) => (
        <Box
          as="span"
          backgroundImage={hatched}
          height="full"
          key={wait.from}
          left={`${((wait.from - bar.from) / (bar.to - bar.from)) * 100}%`}
          position="absolute"
          title={`waited ${durationText(wait.to - wait.from)}`}
          top={0}
          width={`${((wait.to - wait.from) / (bar.to - bar.from)) * 100}%`}
        />
      ))}
      <span aria-hidden="true">{sign}</span>
    </>
  );

  return (
    <Box
      aria-label={airflows ? `${text}. Open its log` : text}
      asChild={airflows}
      bg={attempt.state === "lost" ? "transparent" : "colorPalette.solid"}
      borderColor="colorPalette.solid"
      borderRadius="sm"
      borderStyle={attempt.state === "lost" ? "dashed" : "solid"}
      borderWidth={2}
      color={attempt.state === "lost" ? "fg" : "colorPalette.contrast"}
      colorPalette={paletteOf(attempt.state)}
      display="block"
      fontSize="10px"
      height="18px"
      lineHeight="14px"
      overflow="hidden"
      position="absolute"
      px="2px"
      role={airflows ? undefined : "img"}
      title={shownText(`${text}\n${timeText(attempt.started_at)}${attempt.error === null ? "" : `\n${attempt.error}`}`)}
      top="5px"
      {...placed(timeline, bar)}
    >
      {airflows ? <RouterLink to={logAddress(attempt)}>{inside}</RouterLink> : inside}
    </Box>
  );
};

/** A mapped step: striped by the states of its items, as many as are in each. */
const GroupMark = ({ bar, timeline }: { readonly bar: GroupBar; readonly timeline: Timeline }) => {
  const { group } = bar;
  const text = `${group.name}, ${counted(group.items, "item")}: ${countsText(group.by_state)}, ${durationText(bar.to - bar.from)}`;
  return (
    <Flex
      aria-label={text}
      borderRadius="sm"
      height="18px"
      overflow="hidden"
      position="absolute"
      role="img"
      title={shownText(`${text}\n${timeText(group.started_at)}${group.error === null ? "" : `\n${group.error}`}`)}
      top="5px"
      {...placed(timeline, bar)}
    >
      {stepStates.map((state) => {
        const count = group.by_state[state] ?? 0;
        return count === 0 ? undefined : (
          <Box bg="colorPalette.solid" colorPalette={paletteOf(state)} key={state} minWidth="3px" width={`${(count / group.items) * 100}%`} />
        );
      })}
    </Flex>
  );
};

const CompensationMark = ({ bar, label, timeline }: MarkProps<CompensationBar>) => {
  const { compensation } = bar;
  const text = `${label}, compensation ${compensation.handler}: ${words(compensation.state)}, ${durationText(bar.to - bar.from)}`;
  return (
    <Box
      aria-label={text}
      bg="bg"
      borderColor="colorPalette.solid"
      borderRadius="full"
      borderWidth={2}
      color="fg"
      colorPalette={paletteOf(compensation.state === "done" ? "compensated" : compensation.state)}
      fontSize="10px"
      height="18px"
      lineHeight="14px"
      overflow="hidden"
      position="absolute"
      role="img"
      textAlign="center"
      title={shownText(`${text}${compensation.error === null ? "" : `\n${compensation.error}`}`)}
      top="5px"
      {...placed(timeline, bar)}
      minWidth="18px"
    >
      <span aria-hidden="true">↩</span>
    </Box>
  );
};

const Legend = () => (
  <Text color="fg.muted" fontSize="xs">
    one bar for a mapped step · ↻ tried again · ✕ failed · ? lost · hatched: waited · ↩ undone
  </Text>
);
