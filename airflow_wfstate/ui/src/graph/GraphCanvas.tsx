import { Box, Button, HStack } from "@chakra-ui/react";
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";

import { GraphArrows } from "./GraphArrows";
import { GraphLane } from "./GraphLane";
import { layoutOf } from "./layout";
import { nextStop } from "./moves";
import type { Lane } from "./shape";
import { stopsOf } from "./stops";

type Props = {
  /** Further buttons. */
  readonly children: ReactNode;
  readonly lanes: readonly Lane[];
  /** Folds or unfolds a lane or a group. */
  readonly turn: (key: string) => void;
};

const narrow = 640;
const [smallest, largest] = [0.1, 2];
/** Names are readable at first. A larger graph is shown in part; scrolling, dragging or "Fit" shows the rest. */
const smallestAtFirst = 0.6;

/** The graph in a frame that scrolls by wheel, by dragging, and by moving from box to box with the arrow keys. */
export const GraphCanvas = ({ children, lanes, turn }: Props) => {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const layout = useMemo(() => layoutOf(lanes, width < narrow ? "down" : "right"), [lanes, width]);
  const [zoom, setZoom] = useState<number>();
  const [chosen, setChosen] = useState<string>();
  const scale = zoom ?? Math.min(1, Math.max(smallestAtFirst, width / layout.width));
  const stops = useMemo(() => stopsOf(layout), [layout]);
  const hasServices = lanes.some(({ lane }) => lane.kind === "service");
  const focused = stops.some((stop) => stop.id === chosen) ? chosen : stops[0]?.id;

  const zoomTo = (wanted: number) => setZoom(Math.min(largest, Math.max(smallest, wanted)));
  const fit = () => {
    const height = frame.current?.clientHeight ?? 0;
    zoomTo(Math.min(1, width / layout.width, height / layout.height));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = focused === undefined ? undefined : nextStop(stops, focused, event.key);
    if (next !== undefined) {
      event.preventDefault();
      setChosen(next);
      // After the next render Tab leads to it; focusing it scrolls it into view.
      frame.current?.querySelector<HTMLElement>(`[data-stop="${CSS.escape(next)}"]`)?.focus();
    } else if (event.key === "+" || event.key === "=") {
      zoomTo(scale * 1.25);
    } else if (event.key === "-") {
      zoomTo(scale / 1.25);
    } else if (event.key === "0") {
      fit();
    }
  };
  useWheelZoom(frame, (factor) => zoomTo(scale * factor));
  const drag = useDrag();

  return (
    <>
      <HStack aria-label="Zoom" justify="flex-end" mb={2} role="group" wrap="wrap">
        {children}
        <Button aria-label="Zoom out" onClick={() => zoomTo(scale / 1.25)} size="2xs" variant="outline">
          −
        </Button>
        <Button aria-label="Zoom in" onClick={() => zoomTo(scale * 1.25)} size="2xs" variant="outline">
          +
        </Button>
        <Button onClick={() => zoomTo(1)} size="2xs" variant="outline">
          100%
        </Button>
        <Button onClick={fit} size="2xs" variant="outline">
          Fit
        </Button>
      </HStack>
      <Box
        aria-label="Graph: the arrow keys move between boxes, Enter opens one"
        borderRadius="md"
        borderWidth={1}
        cursor="grab"
        height={`${Math.min(Math.max(layout.height * scale + 32, 160), 640)}px`}
        maxHeight="75vh"
        onKeyDown={onKeyDown}
        overflow="auto"
        ref={frame}
        role="region"
        tabIndex={-1}
        {...drag}
      >
        {width === 0 ? undefined : (
          <Box height={`${layout.height * scale}px`} m="12px" position="relative" width={`${layout.width * scale}px`}>
            <Box
              height={`${layout.height}px`}
              left={0}
              position="absolute"
              top={0}
              transform={`scale(${scale})`}
              transformOrigin="0 0"
              width={`${layout.width}px`}
            >
              {layout.lanes.map((lane) => (
                <GraphLane
                  focused={focused}
                  focus={setChosen}
                  key={lane.lane.lane.id}
                  placed={lane}
                  showsPlan={hasServices}
                  turn={turn}
                />
              ))}
              <GraphArrows arrows={layout.triggers} isTrigger size={layout} />
            </Box>
          </Box>
        )}
      </Box>
    </>
  );
};

/** The current width of an element; 0 until it is known. */
const useWidth = (element: React.RefObject<HTMLDivElement | null>): number => {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = element;
    if (current === null) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setWidth(current.clientWidth - 24));
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return width;
};

/** Zooms with Ctrl and the wheel, which is also what a touchpad pinch sends. Without Ctrl the wheel scrolls. */
const useWheelZoom = (element: React.RefObject<HTMLDivElement | null>, zoom: (factor: number) => void) => {
  const newest = useRef(zoom);
  useEffect(() => {
    newest.current = zoom;
  });
  useEffect(() => {
    const { current } = element;
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey) {
        event.preventDefault(); // otherwise the browser zooms the whole page
        newest.current(Math.exp(-event.deltaY / 300));
      }
    };
    current?.addEventListener("wheel", onWheel, { passive: false });
    return () => current?.removeEventListener("wheel", onWheel);
  }, [element]);
};

/** Dragging with a mouse; touch scrolling needs no code. */
const useDrag = () => {
  const last = useRef<{ readonly x: number; readonly y: number }>(undefined);
  return {
    onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
      const isOnControl = event.target instanceof Element && event.target.closest("a, button") !== null;
      if (event.pointerType === "mouse" && event.button === 0 && !isOnControl) {
        last.current = { x: event.clientX, y: event.clientY };
        event.currentTarget.setPointerCapture(event.pointerId);
      }
    },
    onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
      if (last.current !== undefined) {
        event.currentTarget.scrollBy(last.current.x - event.clientX, last.current.y - event.clientY);
        last.current = { x: event.clientX, y: event.clientY };
      }
    },
    onPointerUp: () => {
      last.current = undefined;
    },
  };
};
