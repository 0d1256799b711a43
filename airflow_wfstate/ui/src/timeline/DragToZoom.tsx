import { Box, Flex } from "@chakra-ui/react";
import { type PointerEvent, type ReactNode, useRef, useState } from "react";

import { labelWidth } from "./TimelineRow";

type Props = {
  readonly children: ReactNode;
  /** Is told both ends of what was dragged over, as parts of the width from 0 to 1. */
  readonly choose: (one: number, other: number) => void;
};

/** Pixels until a press is a drag, and not a click on a bar. */
const threshold = 6;

/** A mouse that is dragged over the bars chooses a stretch of time; a finger scrolls. */
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
        event.currentTarget.setPointerCapture(event.pointerId); // from now on, releasing it over a bar is no click
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
