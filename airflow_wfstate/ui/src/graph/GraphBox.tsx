import { Box, Flex, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";
import { Link as RouterLink } from "react-router-dom";

import type { GraphLane, GraphNode } from "../server/model";
import { useStepAddress } from "../steps/stepAddress";
import { counted } from "../text/counted";
import { paletteOfAny } from "../text/StateBadge";
import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { timeText } from "../text/time";
import { boxSize, type Rect } from "./layout";
import { waitedLook } from "../timeline/looks";
import { stateOf, stateText, titleOf, type Undo, undoOf } from "./look";
import { type Box as Shape, runAddressOf } from "./shape";

type Props = {
  /** The ids of its upstream boxes. */
  readonly after: readonly string[];
  readonly box: Shape;
  readonly lane: GraphLane;
  readonly rect: Rect;
  /** Whether to show each step's number in the plan. */
  readonly showsPlan: boolean;
  readonly stop: { readonly "data-stop": string; readonly onFocus: () => void; readonly tabIndex: number };
  readonly unfold: () => void;
};

/** A task, which links to its step or to its page in Airflow, or a folded group, which a click unfolds. */
export const GraphBox = ({ after, box, lane, rect, showsPlan, stop, unfold }: Props) => {
  const [only] = box.nodes;
  const address = useNodeAddress(lane, only);
  const state = stateOf(box);
  const undo = undoOf(box);
  const waitedSince = only?.waited_since;
  const isWaited = waitedSince !== null && waitedSince !== undefined;
  const position = showsPlan && box.group === undefined ? (only?.position ?? undefined) : undefined;
  const isCurrent = box.nodes.some((node) => node.is_current);
  const isMapped = box.nodes.some((node) => node.is_mapped) || box.group !== undefined;
  const inside = <Inside box={box} isCurrent={isCurrent} position={position} undo={undo} />;
  const text = [
    `${titleOf(box)}: ${stateText(box)}`,
    box.group !== undefined ? `group of ${counted(box.nodes.length, "task")}` : undefined,
    only !== undefined && box.group === undefined && titleOf(box) !== only.id ? `task ${only.id}` : undefined,
    only?.operator !== null && box.group === undefined ? only?.operator : undefined,
    isWaited
      ? `awaited since ${timeText(waitedSince)}`
      : isCurrent
        ? "in progress"
        : undefined,
    only?.position === null || only?.position === undefined || box.group !== undefined
      ? undefined
      : `number ${only.position} in the plan`,
    undo?.text,
    after.length === 0 ? undefined : `after ${after.map((id) => id.replace(/^group /, "")).join(", ")}`,
  ]
    .filter((part) => part !== undefined)
    .join("; ");

  return (
    <Box
      _focusVisible={{ outlineColor: "fg", outlineOffset: "3px", outlineStyle: "solid", outlineWidth: "2px" }}
      _hover={{ bg: "bg.muted" }}
      aria-label={shownText(text)}
      asChild
      bg="bg"
      {...(isWaited ? waitedLook : {})}
      borderColor={state === undefined ? "border.emphasized" : "colorPalette.solid"}
      borderRadius="md"
      borderStyle={state === undefined ? "dashed" : "solid"}
      borderWidth={state === undefined ? 1 : 2}
      boxShadow={isMapped ? "4px 4px 0 -1px {colors.border.emphasized}" : undefined}
      color={state === undefined ? "fg.muted" : "fg"}
      colorPalette={state === undefined ? "gray" : paletteOfAny(state)}
      cursor={box.group === undefined && address === undefined ? "default" : "pointer"}
      display="block"
      height={`${boxSize.height}px`}
      left={`${rect.x}px`}
      outlineColor={isCurrent ? "colorPalette.solid" : undefined}
      outlineOffset={isCurrent ? "2px" : undefined}
      outlineStyle={isCurrent ? "solid" : undefined}
      outlineWidth={isCurrent ? "2px" : undefined}
      position="absolute"
      px={2}
      py={1}
      textAlign="start"
      title={shownText(text)}
      top={`${rect.y}px`}
      width={`${boxSize.width}px`}
      zIndex={1}
    >
      {box.group === undefined && address === undefined ? (
        <div {...stop} role="img">
          {inside}
        </div>
      ) : box.group === undefined ? (
        <RouterLink {...stop} to={address ?? ""}>
          {inside}
        </RouterLink>
      ) : (
        <button {...stop} aria-expanded="false" onClick={unfold} type="button">
          {inside}
        </button>
      )}
    </Box>
  );
};

/** The address of its step, or of its page in Airflow if it has none; undefined for a service's step not yet started. */
const useNodeAddress = (lane: GraphLane, node: GraphNode | undefined) => {
  const stepAddress = useStepAddress();
  const run = runAddressOf(lane);
  const hasBegun = node !== undefined && Object.keys(node.steps).length > 0;
  return hasBegun && node.step !== null
    ? stepAddress({ name: node.step, parent_step_id: lane.parent_step_id, participant: lane.participant })
    : run === undefined
      ? undefined
      : `${run}/tasks/${encodeURIComponent(node?.id ?? "")}`;
};

type InsideProps = {
  readonly box: Shape;
  readonly isCurrent: boolean;
  /** The step's number in the plan, shown if services take part, because no arrows connect them. */
  readonly position: number | undefined;
  readonly undo: Undo | undefined;
};

const Inside = ({ box, isCurrent, position, undo }: InsideProps): ReactNode => (
  <>
    <Flex align="center" gap={1}>
      <Text as="span" flex="1" fontSize="sm" fontWeight={box.nodes[0]?.step === null ? "normal" : "bold"} truncate>
        <StoredText text={titleOf(box)} />
      </Text>
      {isCurrent ? (
        <Text as="span" bg="fg" borderRadius="sm" color="bg" flexShrink={0} fontSize="10px" px={1}>
          {box.nodes.some((node) => node.waited_since !== null) ? "awaited" : "now"}
        </Text>
      ) : undefined}
    </Flex>
    <Flex align="center" fontSize="xs" gap={1.5} mt={0.5}>
      {stateOf(box) === undefined ? undefined : (
        <Box bg="colorPalette.solid" borderRadius="full" boxSize={2} flexShrink={0} />
      )}
      <Text as="span" color="fg.muted" flex="1" truncate>
        {stateText(box)}
      </Text>
      {position === undefined ? undefined : (
        <Text as="span" color="fg.muted" flexShrink={0} fontSize="10px">
          {`plan ${position}`}
        </Text>
      )}
      {undo === undefined ? undefined : (
        <Text
          as="span"
          borderColor="colorPalette.solid"
          borderRadius="full"
          borderWidth={2}
          color="fg"
          colorPalette={paletteOfAny(undo.state === "done" ? "compensated" : undo.state)}
          flexShrink={0}
          fontSize="10px"
          lineHeight="14px"
          px={1.5}
        >
          {`↩ ${undo.order}`}
        </Text>
      )}
    </Flex>
  </>
);
