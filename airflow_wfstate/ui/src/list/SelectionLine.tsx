import { HStack } from "@chakra-ui/react";
import type { ReactNode } from "react";

type Props = {
  /** Buttons for the selection, or a hint while there is none. */
  readonly children: ReactNode;
  readonly label: string;
};

/**
 * The line above a list that tells what can be done with the selected rows. Its height is always the same, so that the
 * rows below do not move under the pointer when the first one is selected.
 */
export const SelectionLine = ({ children, label }: Props) => (
  <HStack
    aria-label={label}
    color="fg.muted"
    flexShrink={0}
    fontSize="sm"
    height="8"
    mb={2}
    overflowX="auto"
    overflowY="hidden"
    role="group"
    whiteSpace="nowrap"
  >
    {children}
  </HStack>
);
