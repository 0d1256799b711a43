import { Box, Flex, Text } from "@chakra-ui/react";

import { durationText, timeText } from "../text/time";
import { percentOf, ticksOf } from "./axis";
import { labelWidth, type Scale } from "./TimelineRow";

/** Below so many milliseconds from the first to the last time, seconds would repeat themselves. */
const shortest = 10_000;

/** The times above the bars, and how long the idle times are that were cut. */
export const TimelineScale = ({ scale }: { readonly scale: Scale }) => {
  const { axis, window } = scale;
  const at = (moment: number) => percentOf(axis, window, moment);
  const ticks = ticksOf(axis, window, 4);
  const isShort = (ticks[ticks.length - 1] ?? 0) - (ticks[0] ?? 0) < shortest;
  const shown = (percent: number) => percent > -0.01 && percent < 100.01;
  return (
    <Flex color="fg.muted" fontSize="xs" height="34px">
      <Box flexShrink={0} width={labelWidth} />
      <Box flex="1" position="relative">
        {ticks.map((moment, index) => (
          <Text
            hideBelow={index % 2 === 1 ? "md" : undefined}
            key={moment}
            left={`${at(moment)}%`}
            position="absolute"
            top={0}
            transform={at(moment) > 90 ? "translateX(-100%)" : at(moment) < 10 ? undefined : "translateX(-50%)"}
            whiteSpace="nowrap"
          >
            {isShort ? `${timeText(new Date(moment)).slice(11)}.${String(Math.floor(moment % 1000)).padStart(3, "0")}` : timeText(new Date(moment)).slice(11)}
          </Text>
        ))}
        {axis
          .filter((piece) => piece.isFolded && shown(at((piece.from + piece.to) / 2)))
          .map((piece) => (
            <Text
              key={piece.from}
              left={`${at((piece.from + piece.to) / 2)}%`}
              position="absolute"
              top="16px"
              transform="translateX(-50%)"
              title={`Nothing was at work for ${durationText(piece.to - piece.from)}.`}
              whiteSpace="nowrap"
            >
              {`… ${durationText(piece.to - piece.from)}`}
            </Text>
          ))}
      </Box>
    </Flex>
  );
};
