import { Box, HStack, List, Text } from "@chakra-ui/react";

import { Ellipsis } from "../text/Ellipsis";
import { StateBadge } from "../text/StateBadge";
import { spanText } from "../text/time";
import type { WorkflowSummary } from "../server/model";
import { Choice, toggled } from "./Choice";
import { FlagBadges } from "./FlagBadges";
import { KeyLink } from "./KeyLink";
import { WhatIsWrong } from "./WhatIsWrong";

export type ListProps = {
  /** The address that a click on a label opens. */
  readonly addressOfLabel: (label: string) => { readonly search: string };
  readonly chosen: ReadonlySet<string>;
  readonly choose: (ids: ReadonlySet<string>) => void;
  readonly workflows: readonly WorkflowSummary[];
};

/** A page of the list on a narrow screen: the key and state, the name and current step, and the error if there is one. */
export const WorkflowCards = ({ choose, chosen, workflows }: ListProps) => (
  <List.Root aria-label="Workflows" variant="plain">
    {workflows.map((workflow) => (
      <List.Item borderBottomWidth={1} data-row="" key={workflow.id} py={2}>
        <HStack align="flex-start" gap={2} minWidth={0} width="full">
          <Box pt={0.5}>
            <Choice
              checked={chosen.has(workflow.id)}
              label={`${workflow.name} ${workflow.key}`}
              toggle={() => choose(toggled(chosen, workflow.id))}
            />
          </Box>
          <Box flex="1" minWidth={0}>
            <HStack gap={2} justify="space-between">
              <Box flex="1" minWidth={0}>
                <KeyLink workflow={workflow} />
              </Box>
              <FlagBadges flags={workflow.flags} />
              <StateBadge state={workflow.state} />
            </HStack>
            <HStack color="fg.muted" fontSize="xs" gap={2} justify="space-between">
              <Box flex="1" minWidth={0}>
                <Ellipsis text={`${workflow.name}${workflow.current_step === null ? "" : `: ${workflow.current_step}`}`} />
              </Box>
              <Text flexShrink={0} whiteSpace="nowrap">
                {`${workflow.steps_done} of ${workflow.steps_total}, ${spanText(workflow.started_at, null)}`}
              </Text>
            </HStack>
            <WhatIsWrong lines={1} workflow={workflow} />
          </Box>
        </HStack>
      </List.Item>
    ))}
  </List.Root>
);
