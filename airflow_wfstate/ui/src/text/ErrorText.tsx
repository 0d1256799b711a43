import { Box, Code, Text } from "@chakra-ui/react";

import { StoredText } from "./StoredText";

/** An error: its first line, and the traceback folded below it. */
export const ErrorText = ({ error }: { readonly error: string }) => {
  const lines = error.trimEnd().split("\n");
  const isTraceback = lines[0]?.startsWith("Traceback") ?? false;
  const sentence = (isTraceback ? lines[lines.length - 1] : lines[0]) ?? "";

  return (
    <Box>
      <Text color={{ _dark: "red.300", base: "red.700" }} fontSize="sm" overflowWrap="anywhere">
        <StoredText text={sentence} />
      </Text>
      {lines.length === 1 ? undefined : (
        <details>
          <summary>
            <Text as="span" fontSize="xs">
              {isTraceback ? "Traceback" : "All of it"}
            </Text>
          </summary>
          <Code display="block" overflowX="auto" tabIndex={0} whiteSpace="pre">
            <StoredText text={error} />
          </Code>
        </details>
      )}
    </Box>
  );
};
