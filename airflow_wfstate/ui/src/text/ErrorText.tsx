import { Box, Code, Text } from "@chakra-ui/react";

import { errorLine } from "./errorLine";
import { StoredText } from "./StoredText";

/** A red that is readable in both themes. */
export const errorColor = { _dark: "red.300", base: "red.700" } as const;

/** The most characters of the line to show. */
const shownCharacters = 400;

/** An error: the line that says what went wrong. If there is more, the full error unfolds below. */
export const ErrorText = ({ error }: { readonly error: string }) => {
  const whole = errorLine(error);
  const line = whole.length > shownCharacters ? `${whole.slice(0, shownCharacters)}…` : whole;

  return (
    <Box>
      <Text color={errorColor} fontSize="sm" overflowWrap="anywhere">
        <StoredText text={line} />
      </Text>
      {line === error.trim() ? undefined : (
        <details>
          <summary>
            <Text as="span" fontSize="xs">
              {error.includes("Traceback (most recent call last)") ? "Traceback" : "Full error"}
            </Text>
          </summary>
          <Code
            display="block"
            maxHeight="96"
            overflow="auto"
            overflowWrap="anywhere"
            tabIndex={0}
            whiteSpace="pre-wrap"
          >
            <StoredText text={error} />
          </Code>
        </details>
      )}
    </Box>
  );
};
