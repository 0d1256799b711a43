import { Box, Flex, Text } from "@chakra-ui/react";

import { durationText, timeText } from "../text/time";
import { percentOf, ticksOf } from "./axis";
import { labelWidth, type Scale } from "./TimelineRow";

/** The times above the bars, and the durations of the shortened idle times. */
export const TimelineScale = ({ scale }: { readonly scale: Scale }) => {
  const { axis, window } = scale;
  const at = (moment: number) => percentOf(axis, window, moment);
  const ticks = ticksOf(axis, window, 4);
  const isSameSecond = (one: number, other: number | undefined) =>
    other !== undefined && Math.floor(one / 1000) === Math.floor(other / 1000);
  const isShort = ticks.some((moment, index) => isSameSecond(moment, ticks[index + 1]));
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
          .map((piece, index) => (
            <Text
              // A phone has space for only one; more would overlap.
              hideBelow={index > 0 ? "md" : undefined}
              key={piece.from}
              left={`${at((piece.from + piece.to) / 2)}%`}
              position="absolute"
              top="16px"
              transform="translateX(-50%)"
              title={`Nothing ran for ${durationText(piece.to - piece.from)}.`}
              whiteSpace="nowrap"
            >
              {`… ${durationText(piece.to - piece.from)}`}
            </Text>
          ))}
      </Box>
    </Flex>
  );
};
