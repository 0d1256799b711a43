import { Box, Code } from "@chakra-ui/react";

import type { JsonValue } from "../server/model";
import { StoredText } from "../text/StoredText";

const openDepth = 2;
const shownItems = 200;

type Props = { readonly depth?: number; readonly name?: string | undefined; readonly value: JsonValue };

/** A JSON value, folded below its second level. */
export const JsonTree = ({ depth = 0, name, value }: Props) => {
  const label = name === undefined ? "" : `${name}: `;
  if (typeof value !== "object" || value === null) {
    return (
      <Code display="block" overflowWrap="anywhere" variant="plain" whiteSpace="pre-wrap">
        <StoredText text={`${label}${JSON.stringify(value)}`} />
      </Code>
    );
  }
  const entries: readonly (readonly [string, JsonValue])[] = Array.isArray(value)
    ? value.map((item, index) => [String(index), item] as const)
    : Object.entries(value);
  if (entries.length === 0) {
    return <Code display="block" variant="plain">{`${label}${Array.isArray(value) ? "[]" : "{}"}`}</Code>;
  }

  return (
    <details open={depth < openDepth}>
      <summary>
        <Code variant="plain">{`${label}${Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`}`}</Code>
      </summary>
      <Box ps={5}>
        {entries.slice(0, shownItems).map(([key, item]) => (
          <JsonTree depth={depth + 1} key={key} name={key} value={item} />
        ))}
        {entries.length > shownItems ? (
          <Code display="block" variant="plain">{`... ${entries.length - shownItems} more: download the value`}</Code>
        ) : undefined}
      </Box>
    </details>
  );
};
