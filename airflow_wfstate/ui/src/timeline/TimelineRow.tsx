import { Box, Flex, Text } from "@chakra-ui/react";
import type { FocusEvent, PointerEvent } from "react";
import { Link as RouterLink } from "react-router-dom";

import { isAirflows, logAddress } from "../airflow/airflow";
import { paletteOf } from "../text/StateBadge";
import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { percentOf, type Piece, type Span, type Window } from "./axis";
import type { Stretch } from "./density";
import { foldLook, hatched, queuedLook, waitedLook } from "./looks";
import type { AttemptBar, CompensationBar, GroupBar, Row, ServiceBar } from "./timeline";
import { type Tip, tipOfAttempt, tipOfCompensation, tipOfGroup, tipOfService, tipText } from "./tips";
import type { Shown } from "./Tooltip";

/** Which part of the time is drawn, and where. */
export type Scale = { readonly axis: readonly Piece[]; readonly window: Window };

/** Shows the tooltip of a bar; undefined hides it. */
export type Show = (shown: Shown | undefined) => void;

type Props = {
  readonly now: number | undefined;
  readonly row: Row;
  readonly scale: Scale;
  readonly show: Show;
};

/** The width of the names left of the bars. */
export const labelWidth = { base: "96px", md: "200px" };

/** A step: its name and its bars. */
export const TimelineRow = ({ now, row, scale, show }: Props) => (
  <Flex align="center" height="28px">
    <Text bg="bg" flexShrink={0} fontSize="sm" pe={2} title={shownText(row.label)} truncate width={labelWidth}>
      <StoredText text={row.label} />
    </Text>
    <Box borderStartWidth={1} flex="1" height="full" minWidth={0} overflow="hidden" position="relative">
      {scale.axis
        .filter((piece) => piece.isFolded)
        .map((piece) => (
          <Box height="full" key={piece.from} position="absolute" top={0} {...foldLook} {...placed(scale, piece, 0)} />
        ))}
      {row.attempts.map((bar) => (
        <AttemptMark bar={bar} key={bar.attempt.number} label={row.label} scale={scale} show={show} />
      ))}
      {row.groups.map((bar) => (
        <GroupMark bar={bar} key={row.key} scale={scale} show={show} />
      ))}
      {row.services.map((bar) => (
        <ServiceMark bar={bar} key={row.key} label={row.label} scale={scale} show={show} />
      ))}
      {row.compensations.map((bar) => (
        <CompensationMark bar={bar} key={bar.compensation.round} label={row.label} scale={scale} show={show} />
      ))}
      {now === undefined ? undefined : (
        <Box
          bg="fg.info"
          height="full"
          left={`calc(${percentOf(scale.axis, scale.window, now)}% - 2px)`}
          position="absolute"
          title="now"
          top={0}
          width="2px"
        />
      )}
    </Box>
  </Flex>
);

/** The left end and width of a bar: never too narrow to see, and never past the right end. */
const placed = ({ axis, window }: Scale, bar: Span, minWidth = 10) => {
  const [left, right] = [percentOf(axis, window, bar.from), percentOf(axis, window, bar.to)];
  const isPast = left > 100 || right < 0;
  return {
    display: isPast ? "none" : undefined,
    left: `min(${left}%, calc(100% - ${minWidth}px))`,
    minWidth: `${minWidth}px`,
    width: `${right - left}%`,
  };
};

/** The position of a part of a bar, in percent of the drawn bar. */
const inside = ({ axis, window }: Scale, bar: Span, part: Span) => {
  const [from, to] = [percentOf(axis, window, bar.from), percentOf(axis, window, bar.to)];
  const of = (moment: number) => ((percentOf(axis, window, moment) - from) / Math.max(0.0001, to - from)) * 100;
  return { left: `${of(part.from)}%`, width: `${of(part.to) - of(part.from)}%` };
};

/** Shows a tooltip on hover and on keyboard focus. */
const tells = (tip: Tip, show: Show) => ({
  "aria-label": shownText(tipText(tip)),
  onBlur: () => show(undefined),
  onFocus: ({ currentTarget }: FocusEvent) => show({ at: currentTarget.getBoundingClientRect(), tip }),
  onPointerEnter: ({ currentTarget }: PointerEvent) => show({ at: currentTarget.getBoundingClientRect(), tip }),
  onPointerLeave: () => show(undefined),
});

type MarkProps<Bar> = { readonly bar: Bar; readonly label: string; readonly scale: Scale; readonly show: Show };

const focusLook = { outlineColor: "fg", outlineOffset: "1px", outlineStyle: "solid", outlineWidth: "2px" } as const;

const AttemptMark = ({ bar, label, scale, show }: MarkProps<AttemptBar>) => {
  const { attempt, queued } = bar;
  const sign = attempt.state === "lost" ? "?" : attempt.state === "failed" ? "✕" : attempt.number > 1 ? "↻" : "";
  const airflows = isAirflows(attempt);
  const tip = tipOfAttempt(bar, label);
  const content = (
    <>
      {bar.waits.map((wait) => (
        <Box
          as="span"
          backgroundImage={hatched}
          height="full"
          key={wait.from}
          position="absolute"
          top={0}
          {...inside(scale, bar, wait)}
        />
      ))}
      <span aria-hidden="true">{sign}</span>
    </>
  );

  return (
    <>
      {queued === undefined ? undefined : (
        <Box borderRadius="sm" height="10px" position="absolute" top="9px" {...queuedLook} {...placed(scale, queued, 2)} />
      )}
      <Box
        _focusVisible={focusLook}
        asChild={airflows}
        bg={attempt.state === "lost" ? "transparent" : "colorPalette.solid"}
        borderColor="colorPalette.solid"
        borderRadius="sm"
        borderStyle={attempt.state === "lost" ? "dashed" : "solid"}
        borderWidth={2}
        color={attempt.state === "lost" ? "fg" : "colorPalette.contrast"}
        colorPalette={paletteOf(attempt.state)}
        fontSize="10px"
        height="18px"
        lineHeight="14px"
        overflow="hidden"
        position="absolute"
        px="2px"
        role={airflows ? undefined : "img"}
        tabIndex={0}
        top="5px"
        {...placed(scale, bar)}
        {...tells(tip, show)}
      >
        {airflows ? (
          <RouterLink draggable={false} to={logAddress(attempt)}>
            {content}
          </RouterLink>
        ) : (
          content
        )}
      </Box>
    </>
  );
};

/** A mapped step: the higher, the more items were running; red where some failed. */
const GroupMark = ({ bar, scale, show }: Omit<MarkProps<GroupBar>, "label">) => (
  <Box
    _focusVisible={focusLook}
    borderRadius="sm"
    borderWidth={1}
    height="22px"
    position="absolute"
    role="img"
    tabIndex={0}
    top="3px"
    {...placed(scale, bar)}
    {...tells(tipOfGroup(bar), show)}
  >
    {bar.stretches.map((stretch) => (
      <StretchMark bar={bar} key={stretch.from} scale={scale} stretch={stretch} />
    ))}
  </Box>
);

type StretchProps = { readonly bar: GroupBar; readonly scale: Scale; readonly stretch: Stretch };

const StretchMark = ({ bar, scale, stretch }: StretchProps) => (
  <Box
    bg="colorPalette.solid"
    bottom={0}
    colorPalette={paletteOf(stretch.failed > 0 ? "failed" : bar.group.state === "failed" ? "succeeded" : bar.group.state)}
    height={`${stretch.height * 100}%`}
    minWidth="1px"
    position="absolute"
    {...inside(scale, bar, stretch)}
  />
);

/** A service's step: hatched while the workflow is only waiting for it, pale before its first report. */
const ServiceMark = ({ bar, label, scale, show }: MarkProps<ServiceBar>) => {
  const { isWaited, step } = bar;
  return (
    <Box
      _focusVisible={focusLook}
      bg={step === undefined ? "bg" : "colorPalette.solid"}
      borderColor={step === undefined ? "border.emphasized" : "colorPalette.solid"}
      borderRadius="sm"
      borderStyle={step === undefined ? "dashed" : "solid"}
      borderWidth={2}
      color={step === undefined ? "fg.muted" : "colorPalette.contrast"}
      colorPalette={step === undefined ? "gray" : paletteOf(step.state)}
      fontSize="10px"
      height="18px"
      lineHeight="14px"
      overflow="hidden"
      position="absolute"
      px="2px"
      role="img"
      tabIndex={0}
      top="5px"
      {...(step === undefined ? waitedLook : isWaited ? { backgroundImage: hatched } : {})}
      {...placed(scale, bar)}
      {...tells(tipOfService(bar, label), show)}
    >
      <span aria-hidden="true">{step?.state === "failed" ? "✕" : ""}</span>
    </Box>
  );
};

const CompensationMark = ({ bar, label, scale, show }: MarkProps<CompensationBar>) => {
  const { compensation } = bar;
  return (
    <Box
      _focusVisible={focusLook}
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
      tabIndex={0}
      textAlign="center"
      top="5px"
      {...placed(scale, bar, 18)}
      {...tells(tipOfCompensation(bar, label), show)}
    >
      <span aria-hidden="true">↩</span>
    </Box>
  );
};
