import { Box, Flex, HStack, Table, Text } from "@chakra-ui/react";
import { type KeyboardEvent, useState } from "react";

import { countTicks, labelStep } from "./axis";
import { useWidth } from "./useWidth";

/** A part of a bar: its display name and a palette of the theme. Parts are stacked from the bottom up. */
export type Part = { readonly name: string; readonly palette: string };

/** A bar: its name in the tooltip, its label on the axis, and the height of each part. */
export type Bar = { readonly name: string; readonly tick: string; readonly values: readonly number[] };

type Props = {
  readonly bars: readonly Bar[];
  /** One sentence that says what the chart shows, for screen readers. */
  readonly label: string;
  readonly parts: readonly Part[];
  /** What a bar stands for, such as "Time" or "Duration". */
  readonly what: string;
};

const [height, left, bottom, top] = [180, 44, 24, 8];
const tickWidth = 76;

/**
 * Stacked bars with axes. A bar's numbers appear when the mouse or the arrow keys reach it. A table below holds all
 * numbers.
 */
export const BarChart = ({ bars, label, parts, what }: Props) => {
  const { ref, width } = useWidth<HTMLDivElement>();
  const [active, setActive] = useState<number>();
  const ticks = countTicks(Math.max(0, ...bars.map(heightOf)));
  const most = ticks[ticks.length - 1] ?? 1;
  const room = Math.max(0, width - left - 4);
  const slot = bars.length === 0 ? 0 : room / bars.length;
  const every = labelStep(bars.length, room, tickWidth);
  const scale = (value: number) => (value / most) * (height - bottom - top);
  const shown = active === undefined ? undefined : bars[active];

  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") {
      setActive(undefined);
    } else if (step !== undefined) {
      event.preventDefault();
      setActive(Math.min(bars.length - 1, Math.max(0, (active ?? (step > 0 ? -1 : bars.length)) + step)));
    }
  };

  return (
    <Box>
      <Box onMouseLeave={() => setActive(undefined)} position="relative" ref={ref}>
        <svg
          aria-label={label}
          height={height}
          onBlur={() => setActive(undefined)}
          onKeyDown={move}
          role="img"
          style={{ display: "block" }}
          tabIndex={0}
          width={width}
        >
          {ticks.map((tick) => (
            <Box as="g" color="border" key={tick}>
              <line
                stroke="currentColor"
                x1={left}
                x2={width}
                y1={height - bottom - scale(tick)}
                y2={height - bottom - scale(tick)}
              />
              <Box as="g" color="fg.muted">
                <text fill="currentColor" style={{ fontSize: "11px" }} textAnchor="end" x={left - 6} y={height - bottom - scale(tick) + 4}>
                  {tick.toLocaleString("en")}
                </text>
              </Box>
            </Box>
          ))}
          {bars.map((bar, index) => (
            <g key={bar.name}>
              <Stack bar={bar} parts={parts} scale={scale} slot={slot} start={left + index * slot} />
              {index % every === 0 && (index + 0.6 * every) * slot <= room ? (
                <Box as="g" color="fg.muted">
                  <text fill="currentColor" style={{ fontSize: "11px" }} textAnchor="start" x={left + index * slot} y={height - 8}>
                    {bar.tick}
                  </text>
                </Box>
              ) : undefined}
              <rect
                fill={index === active ? "currentColor" : "transparent"}
                fillOpacity={0.08}
                height={height - bottom - top}
                onMouseEnter={() => setActive(index)}
                width={slot}
                x={left + index * slot}
                y={top}
              />
            </g>
          ))}
        </svg>
        {shown === undefined || active === undefined ? undefined : (
          <Tooltip bar={shown} parts={parts} right={active > bars.length / 2} x={left + (active + 0.5) * slot} width={width} />
        )}
      </Box>
      <Legend parts={parts} />
      <AsTable bars={bars} label={label} parts={parts} what={what} />
    </Box>
  );
};

const heightOf = (bar: Bar): number => bar.values.reduce((sum, value) => sum + value, 0);

type StackProps = {
  readonly bar: Bar;
  readonly parts: readonly Part[];
  readonly scale: (value: number) => number;
  readonly slot: number;
  readonly start: number;
};

const Stack = ({ bar, parts, scale, slot, start }: StackProps) => {
  const gap = Math.min(4, slot * 0.2);
  let base = height - bottom;
  return parts.map((part, index) => {
    const size = scale(bar.values[index] ?? 0);
    base -= size;
    return size === 0 ? undefined : (
      <Box as="g" color="colorPalette.solid" colorPalette={part.palette} key={part.name}>
        <rect
          fill="currentColor"
          height={Math.max(1, size)}
          width={Math.max(1, slot - gap)}
          x={start + gap / 2}
          y={Math.min(base, height - bottom - 1)}
        />
      </Box>
    );
  });
};

type TooltipProps = {
  readonly bar: Bar;
  readonly parts: readonly Part[];
  readonly right: boolean;
  readonly width: number;
  readonly x: number;
};

const Tooltip = ({ bar, parts, right, width, x }: TooltipProps) => (
  <Box
    bg="bg.panel"
    borderRadius="md"
    borderWidth={1}
    boxShadow="md"
    fontSize="xs"
    pointerEvents="none"
    position="absolute"
    px={2}
    py={1}
    role="status"
    style={right ? { right: `${width - x}px` } : { left: `${x}px` }}
    top={2}
    zIndex={1}
  >
    <Text fontWeight="bold">{bar.name}</Text>
    {parts.map((part, index) =>
      (bar.values[index] ?? 0) === 0 ? undefined : (
        <HStack gap={1} key={part.name}>
          <Swatch palette={part.palette} />
          {`${(bar.values[index] ?? 0).toLocaleString("en")} ${part.name}`}
        </HStack>
      ),
    )}
    {heightOf(bar) === 0 ? "none" : undefined}
  </Box>
);

const Swatch = ({ palette }: { readonly palette: string }) => (
  <Box aria-hidden="true" as="span" bg="colorPalette.solid" boxSize={2} colorPalette={palette} display="inline-block" />
);

const Legend = ({ parts }: { readonly parts: readonly Part[] }) =>
  parts.length < 2 ? undefined : (
    <Flex color="fg.muted" columnGap={3} fontSize="xs" ps={`${left}px`} wrap="wrap">
      {parts.map((part) => (
        <HStack gap={1} key={part.name}>
          <Swatch palette={part.palette} />
          {part.name}
        </HStack>
      ))}
    </Flex>
  );

const AsTable = ({ bars, label, parts, what }: Props) => (
  <Box as="details" fontSize="xs" mt={1}>
    <Box as="summary" color="fg.muted" cursor="pointer">
      Show as a table
    </Box>
    <Table.ScrollArea aria-label={`${label}, scrolls`} maxHeight="64" role="region" tabIndex={0}>
      <Table.Root aria-label={label} size="sm">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader>{what}</Table.ColumnHeader>
            {parts.map((part) => (
              <Table.ColumnHeader key={part.name}>{part.name}</Table.ColumnHeader>
            ))}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {bars.map((bar) => (
            <Table.Row key={bar.name}>
              <Table.Cell whiteSpace="nowrap">{bar.name}</Table.Cell>
              {parts.map((part, index) => (
                <Table.Cell key={part.name}>{bar.values[index] ?? 0}</Table.Cell>
              ))}
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Table.ScrollArea>
  </Box>
);
