import { Box, Button, Code, HStack, Text } from "@chakra-ui/react";
import { useState } from "react";

import { parseExactly, sizeText } from "../server/json";
import { JsonTree } from "./JsonTree";
import type { JsonValue, Payload } from "../server/model";
import { StoredText } from "../text/StoredText";

/** A stored value as a tree or as text, with its size and hash. Copy and download give exactly what is shown. */
export const PayloadView = ({ name, payload }: { readonly name: string; readonly payload: Payload }) => {
  const [copied, setCopied] = useState(false);
  const [asText, setAsText] = useState(false);
  const value = parseExactly(payload.text);

  const download = () => {
    const address = URL.createObjectURL(new Blob([payload.text], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `${name}.json`;
    link.click();
    URL.revokeObjectURL(address);
  };

  const copy = async () => {
    await navigator.clipboard.writeText(payload.text);
    setCopied(true);
  };

  return (
    <Box borderRadius="md" borderWidth={1} maxWidth="3xl" minWidth={0} p={3}>
      <HStack justify="space-between" mb={2} wrap="wrap">
        <Text color="fg.muted" fontSize="xs" title={payload.sha256}>
          {`${payload.type}, ${sizeText(payload.size)}, sha256 ${payload.sha256.slice(0, 12)}${payload.is_masked ? ", partly masked" : ""}`}
        </Text>
        <HStack wrap="wrap">
          {value === undefined ? undefined : (
            <Button onClick={() => setAsText(!asText)} size="2xs" variant="outline">
              {asText ? "Show as a tree" : "Show as text"}
            </Button>
          )}
          <Button onClick={() => void copy()} size="2xs" variant="outline">
            {copied ? "Copied" : "Copy"}
          </Button>
          <Button onClick={download} size="2xs" variant="outline">
            Download
          </Button>
        </HStack>
      </HStack>
      <Box aria-label={`Value of ${name}`} maxHeight="96" overflowY="auto" role="region" tabIndex={0}>
        {value === undefined || asText ? (
          <Code overflowWrap="anywhere" variant="plain" whiteSpace="pre-wrap">
            <StoredText text={value === undefined ? payload.text : indented(value)} />
          </Code>
        ) : (
          <JsonTree value={value} />
        )}
      </Box>
    </Box>
  );
};

const indented = (value: JsonValue): string => JSON.stringify(value, null, 2);
