import { Badge, HStack } from "@chakra-ui/react";

import { type Flag, words } from "../server/model";
import { shownText } from "../text/shownText";

/** Why a workflow makes no progress or needs attention. The cause appears on hover and to screen readers. */
export const FlagBadges = ({ flags }: { readonly flags: readonly Flag[] }) => (
  <HStack gap={1} wrap="wrap">
    {flags.map((flag) => (
      <Badge
        aria-label={`${words(flag.kind)}: ${flag.cause}`}
        color="fg"
        colorPalette="orange"
        key={flag.kind}
        role="img"
        tabIndex={0}
        title={shownText(`${flag.cause}${flag.owner === null ? "" : `\nOwner: ${flag.owner}`}`)}
        variant="outline"
      >
        {`⚑ ${words(flag.kind)}`}
      </Badge>
    ))}
  </HStack>
);
