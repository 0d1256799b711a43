import { Box } from "@chakra-ui/react";
import { useId } from "react";

import type { Path } from "./layout";

type Props = {
  readonly arrows: readonly Path[];
  /** Whether the arrows lead from a step to the run that it triggered, instead of from a task to a downstream task. */
  readonly isTrigger?: boolean;
  readonly size: { readonly height: number; readonly width: number };
};

/** Arrows over the whole graph. The boxes say the same in words. */
export const GraphArrows = ({ arrows, isTrigger = false, size }: Props) => {
  const head = useId();
  return (
    <Box
      aria-hidden="true"
      asChild
      color={isTrigger ? "fg.info" : "fg.subtle"}
      left={0}
      pointerEvents="none"
      position="absolute"
      top={0}
    >
      <svg height={size.height} style={{ overflow: "visible" }} width={size.width}>
        <defs>
          <marker id={head} markerHeight="7" markerWidth="8" orient="auto" refX="7" refY="3.5" viewBox="0 0 8 7">
            <path d="M0,0 L8,3.5 L0,7 Z" fill="currentColor" />
          </marker>
        </defs>
        {arrows.map(({ key, path }) => (
          <path
            d={path}
            fill="none"
            key={key}
            markerEnd={`url(#${head})`}
            stroke="currentColor"
            strokeDasharray={isTrigger ? "6 4" : undefined}
            strokeLinejoin="round"
            strokeWidth={isTrigger ? 2 : 1.5}
          />
        ))}
      </svg>
    </Box>
  );
};
