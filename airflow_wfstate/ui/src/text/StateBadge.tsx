import { Badge, Box } from "@chakra-ui/react";

import { words } from "../server/model";
import { paletteOf, type State } from "./statePalette";

export { paletteOf, paletteOfAny, type State } from "./statePalette";

/**
 * The name of a state beside Airflow's colour for it. Unlike in Airflow's own badges, the name is not on the colour,
 * because white letters have too little contrast on some colours.
 */
export const StateBadge = ({ state }: { readonly state: State }) => (
  <Badge
    bg="colorPalette.solid/15"
    borderColor="colorPalette.solid"
    borderRadius="full"
    borderWidth={1}
    color="fg"
    colorPalette={paletteOf(state)}
    gap={1.5}
    px={2}
    whiteSpace="nowrap"
  >
    <Box bg="colorPalette.solid" borderRadius="full" boxSize={2} flexShrink={0} />
    {words(state)}
  </Badge>
);
