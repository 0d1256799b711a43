import { Box, Heading, SimpleGrid, Text } from "@chakra-ui/react";

import type { Payload, WorkflowDetail } from "../server/model";
import { PayloadView } from "./PayloadView";

/** The input and the output of a workflow, side by side. */
export const InputAndOutput = ({ workflow }: { readonly workflow: WorkflowDetail }) => (
  <SimpleGrid columns={{ base: 1, lg: 2 }} gap={4} mt={2}>
    <Labelled label="Input" missing="You are not allowed to see it." payload={workflow.input} />
    <Labelled
      label="Output"
      missing={workflow.input === null ? "You are not allowed to see it." : "There is no output yet."}
      payload={workflow.output}
    />
  </SimpleGrid>
);

type Props = { readonly label: string; readonly missing: string; readonly payload: Payload | null };

const Labelled = ({ label, missing, payload }: Props) => (
  <Box minWidth={0}>
    <Heading as="h3" mb={1} size="sm">
      {label}
    </Heading>
    {payload === null ? (
      <Text color="fg.muted" fontSize="sm">
        {missing}
      </Text>
    ) : (
      <PayloadView name={label.toLowerCase()} payload={payload} />
    )}
  </Box>
);
