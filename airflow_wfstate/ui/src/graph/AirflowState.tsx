import { Box, HStack } from "@chakra-ui/react";

import { words } from "../server/model";
import { paletteOfAny } from "../text/StateBadge";

/** The state of a DAG run in Airflow, as a colour and a name. */
export const AirflowState = ({ state }: { readonly state: string | null }) => (
  <HStack colorPalette={state === null ? "gray" : paletteOfAny(state)} flexShrink={0} fontSize="xs" gap={1}>
    <Box bg="colorPalette.solid" borderRadius="full" boxSize={2} />
    {state === null ? "does not exist" : words(state)}
  </HStack>
);
