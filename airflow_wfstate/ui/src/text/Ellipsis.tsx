import { Box } from "@chakra-ui/react";

import { shownText } from "./shownText";
import { StoredText } from "./StoredText";

type Props = {
  /** The most lines to show; 1 by default. */
  readonly lines?: number;
  readonly text: string;
};

/** A stored text, cut to the available space; the whole text appears on hover. */
export const Ellipsis = ({ lines = 1, text }: Props) => (
  <Box
    as="span"
    display="-webkit-box"
    lineClamp={lines}
    minWidth={0}
    overflowWrap="anywhere"
    title={shownText(text)}
    wordBreak={lines === 1 ? "break-all" : undefined}
  >
    <StoredText text={text} />
  </Box>
);
