import { Text } from "@chakra-ui/react";

import { shownText } from "./shownText";
import { StoredText } from "./StoredText";

/**
 * A stored text in one line: what does not fit is an ellipsis. The whole text is shown on hover, read out, and copied
 * with a selection.
 */
export const LongText = ({ text }: { readonly text: string }) => (
  <Text as="span" display="block" minWidth={0} title={shownText(text)} truncate>
    <StoredText text={text} />
  </Text>
);
