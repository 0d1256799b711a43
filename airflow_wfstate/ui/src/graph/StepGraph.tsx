import { Box, Flex, List, Text } from "@chakra-ui/react";

import { participantLabel, type StepGroup, type WorkflowDetail } from "../server/model";
import { paletteOf, type State, StateBadge } from "../text/StateBadge";
import { StoredText } from "../text/StoredText";

type Node = { readonly name: string; readonly participant: string; readonly state: State | undefined };

/** The steps in the order of the plan, then those that it does not name; a step without a state has not begun. */
export const nodesOf = (workflow: WorkflowDetail): Node[] => {
  const begun = workflow.step_groups.map((group) => ({
    group,
    name: group.is_mapped ? `${group.name} (${group.items})` : group.name,
    participant: participantLabel(group),
    state: group.state,
  }));
  const used = new Set<StepGroup>();
  const planned = workflow.plan.flatMap((entry): Node[] => {
    const own = begun.filter(({ group }) =>
      [group.name, `${group.participant}.${group.name}`, `${participantLabel(group)}.${group.name}`].includes(entry),
    );
    own.forEach(({ group }) => used.add(group));
    return own.length === 0 ? [{ name: entry, participant: "", state: undefined }] : own;
  });
  return [...planned, ...begun.filter(({ group }) => !used.has(group))];
};

/** The way through the workflow, with what remains greyed. */
export const StepGraph = ({ workflow }: { readonly workflow: WorkflowDetail }) => (
  <List.Root as="ol" aria-label="Steps in order" display="flex" flexDirection="row" flexWrap="wrap" gap={2} listStyle="none">
    {nodesOf(workflow).map((node, index) => (
      <List.Item alignItems="center" display="flex" gap={2} key={`${node.participant} ${node.name}`}>
        {index === 0 ? undefined : (
          <Text aria-hidden="true" color="fg.muted">
            →
          </Text>
        )}
        <Flex
          borderColor={node.state === undefined ? "border" : "colorPalette.solid"}
          borderRadius="md"
          borderStyle={node.state === undefined ? "dashed" : "solid"}
          borderWidth={node.state === undefined ? 1 : 2}
          colorPalette={node.state === undefined ? "gray" : paletteOf(node.state)}
          direction="column"
          gap={1}
          minWidth="32"
          px={3}
          py={2}
        >
          <Text color={node.state === undefined ? "fg.muted" : "fg"} fontSize="sm" fontWeight="bold">
            <StoredText text={node.name} />
          </Text>
          <Text color="fg.muted" fontSize="xs">
            {node.participant === "" ? "planned" : node.participant}
          </Text>
          {node.state === undefined ? (
            <Text color="fg.muted" fontSize="xs">
              not begun
            </Text>
          ) : (
            <Box>
              <StateBadge state={node.state} />
            </Box>
          )}
        </Flex>
      </List.Item>
    ))}
  </List.Root>
);
