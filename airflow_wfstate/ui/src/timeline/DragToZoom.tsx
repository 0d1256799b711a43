import { Box, Flex } from "@chakra-ui/react";
import { type PointerEvent, type ReactNode, useRef, useState } from "react";

import { labelWidth } from "./TimelineRow";

type Props = {
  readonly children: ReactNode;
  /** Called with both ends of the dragged range, as fractions of the width from 0 to 1. */
  readonly choose: (one: number, other: number) => void;
};

/** Pixels after which a press is a drag instead of a click on a bar. */
const threshold = 6;

/** Dragging the mouse across the bars selects a time range; touch scrolls. */
export const DragToZoom = ({ children, choose }: Props) => {
  const track = useRef<HTMLDivElement>(null);
  const [dragged, setDragged] = useState<{ readonly from: number; readonly to: number }>();
  const pressed = useRef<number>(undefined);
  const place = (x: number): number => {
    const rect = track.current?.getBoundingClientRect();
    return rect === undefined || rect.width === 0 ? 0 : Math.min(1, Math.max(0, (x - rect.left) / rect.width));
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (pressed.current !== undefined && (dragged !== undefined || Math.abs(event.clientX - pressed.current) > threshold)) {
      if (dragged === undefined) {
        event.currentTarget.setPointerCapture(event.pointerId); // so that releasing it over a bar is not a click
      }
      setDragged({ from: place(pressed.current), to: place(event.clientX) });
    }
  };
  const end = (isChosen: boolean) => {
    if (dragged !== undefined && isChosen) {
      choose(dragged.from, dragged.to);
    }
    pressed.current = undefined;
    setDragged(undefined);
  };

  return (
    <Box
      cursor="crosshair"
      onPointerCancel={() => end(false)}
      onPointerDown={(event) => {
        pressed.current = event.pointerType === "mouse" && event.button === 0 ? event.clientX : undefined;
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => end(true)}
      position="relative"
      userSelect="none"
    >
      {children}
      <Flex inset={0} pointerEvents="none" position="absolute">
        <Box flexShrink={0} width={labelWidth} />
        <Box flex="1" position="relative" ref={track}>
          {dragged === undefined ? undefined : (
            <Box
              bg="fg.info/20"
              borderColor="fg.info"
              borderXWidth={1}
              height="full"
              left={`${Math.min(dragged.from, dragged.to) * 100}%`}
              position="absolute"
              width={`${Math.abs(dragged.to - dragged.from) * 100}%`}
            />
          )}
        </Box>
      </Flex>
    </Box>
  );
};
