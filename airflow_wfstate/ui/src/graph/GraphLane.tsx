import { Box, Button, Flex, HStack, Link, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { type GraphLane as LaneOfServer, participantLabel } from "../server/model";
import { counted } from "../text/counted";
import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { AirflowState } from "./AirflowState";
import { GraphArrows } from "./GraphArrows";
import { GraphBox } from "./GraphBox";
import { headHeight, labelHeight, type PlacedLane } from "./layout";
import { foldKey, runAddressOf } from "./shape";
import { boxStop, runStop } from "./stops";

type Props = {
  /** Called with the stop that receives the focus. */
  readonly focus: (stop: string) => void;
  /** The stop that Tab leads to. */
  readonly focused: string | undefined;
  readonly placed: PlacedLane;
  readonly showsPlan: boolean;
  readonly turn: (key: string) => void;
};

/** Why the lane has no arrows; undefined when it has. */
const whyBare = ({ state, structure }: LaneOfServer): string | undefined => {
  if (structure === "known") {
    return undefined;
  }
  const reason =
    structure === "hidden"
      ? "You are not allowed to read this DAG"
      : state === null
        ? "Airflow does not have this run"
        : "Airflow does not know the DAG of this run";
  return `${reason}: only steps that have started are shown.`;
};

/** The kind of participant, in words. */
const kindText = ({ kind, role }: LaneOfServer): string =>
  kind === "service" ? "service that reports through events" : `${role} run`;

/** One participant: its header, groups, boxes and arrows. */
export const GraphLane = ({ focus, focused, placed, showsPlan, turn }: Props) => {
  const { arrows, boxes, groups, height, lane: shape, width, x, y } = placed;
  const { lane } = shape;
  const stop = (id: string) => ({ "data-stop": id, onFocus: () => focus(id), tabIndex: id === focused ? 0 : -1 });
  const said = whyBare(lane);

  return (
    <>
      <Box
        bg="bg.subtle"
        borderRadius="md"
        borderWidth={1}
        height={`${height}px`}
        left={`${x}px`}
        position="absolute"
        top={`${y}px`}
        width={`${width}px`}
      />
      <Flex
        align="center"
        gap={2}
        height={`${headHeight}px`}
        left={`${x}px`}
        overflow="hidden"
        position="absolute"
        px={2}
        top={`${y}px`}
        width={`${width}px`}
      >
        <Button
          aria-expanded={!shape.isFolded}
          aria-label={`${shape.isFolded ? "Unfold" : "Fold"} ${shownText(participantLabel(lane))}`}
          minWidth={6}
          onClick={() => turn(foldKey(lane))}
          px={0}
          size="2xs"
          variant="ghost"
          {...stop(foldKey(lane))}
        >
          <span aria-hidden="true">{shape.isFolded ? "▸" : "▾"}</span>
        </Button>
        <Box lineHeight="short" minWidth={0}>
          <HStack gap={2}>
            {runAddressOf(lane) === undefined ? (
              <Text as="span" fontSize="sm" fontWeight="bold" title={shownText(participantLabel(lane))} truncate>
                <StoredText text={participantLabel(lane)} />
              </Text>
            ) : (
              <>
                <Link asChild color="fg" fontSize="sm" fontWeight="bold" title={shownText(participantLabel(lane))}>
                  <RouterLink to={runAddressOf(lane) ?? ""} {...stop(runStop(lane.id))}>
                    <Text as="span" truncate>
                      <StoredText text={participantLabel(lane)} />
                    </Text>
                  </RouterLink>
                </Link>
                <AirflowState state={lane.state} />
              </>
            )}
            {shape.isFolded ? (
              <Text color="fg.muted" flexShrink={0} fontSize="xs">
                {counted(lane.nodes.length, lane.kind === "service" ? "step" : "task")}
              </Text>
            ) : undefined}
          </HStack>
          <Text color="fg.muted" fontSize="xs" title={shownText(`${said ?? kindText(lane)} ${lane.run_id ?? ""}`.trim())} truncate>
            {said ?? kindText(lane)}
            {lane.trigger === null || lane.trigger.item_key === "" ? undefined : (
              <>
                {" for item "}
                <StoredText text={lane.trigger.item_key} />
              </>
            )}
            {said === undefined && lane.version !== null ? `, version ${lane.version}` : ""}
            {" "}
            <StoredText text={lane.run_id ?? ""} />
          </Text>
        </Box>
      </Flex>
      {groups.map((rect) => {
        const group = lane.groups.find((one) => one.id === rect.id);
        return group === undefined ? undefined : (
          <Box
            borderColor="border.emphasized"
            borderRadius="md"
            borderWidth={1}
            height={`${rect.height}px`}
            key={rect.id}
            left={`${rect.x}px`}
            position="absolute"
            top={`${rect.y}px`}
            width={`${rect.width}px`}
          >
            <Button
              aria-expanded="true"
              aria-label={`Fold the group ${shownText(group.label)}`}
              height={`${labelHeight}px`}
              justifyContent="flex-start"
              maxWidth="full"
              onClick={() => turn(foldKey(lane, group))}
              px={1}
              size="2xs"
              variant="ghost"
              {...stop(foldKey(lane, group))}
            >
              <span aria-hidden="true">▾</span>
              <Text as="span" truncate>
                <StoredText text={group.label} />
              </Text>
            </Button>
          </Box>
        );
      })}
      <GraphArrows arrows={arrows} size={{ height: 1, width: 1 }} />
      {boxes.map(({ box, ...rect }) => (
        <GraphBox
          after={shape.arrows.filter((arrow) => arrow.target === box.id).map((arrow) => arrow.source)}
          box={box}
          key={box.id}
          lane={lane}
          rect={rect}
          showsPlan={showsPlan}
          stop={stop(boxStop(lane.id, box.id))}
          unfold={() => (box.group === undefined ? undefined : turn(foldKey(lane, box.group)))}
        />
      ))}
    </>
  );
};
