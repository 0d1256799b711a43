import { Box, Code } from "@chakra-ui/react";
import { useState } from "react";

import type { JsonValue } from "../server/model";
import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";
import { childPath, rootPath } from "./jsonPath";

const openDepth = 2;
const shownItems = 200;

type Props = {
  readonly depth?: number;
  readonly name?: string | undefined;
  readonly path?: string;
  readonly value: JsonValue;
};

/** A JSON value, folded below its second level. A button beside each part copies its path. */
export const JsonTree = ({ depth = 0, name, path = rootPath, value }: Props) => {
  const label = name === undefined ? "" : `${name}: `;
  if (typeof value !== "object" || value === null) {
    return <Line path={path} text={`${label}${JSON.stringify(value)}`} />;
  }
  const entries: readonly (readonly [number | string, JsonValue])[] = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : Object.entries(value);
  if (entries.length === 0) {
    return <Line path={path} text={`${label}${Array.isArray(value) ? "[]" : "{}"}`} />;
  }

  return (
    // The button is beside the summary, not inside it, because controls must not be nested.
    <Box className="group" position="relative">
      <details open={depth < openDepth}>
        <Box as="summary" cursor="pointer" paddingInlineEnd={12}>
          <Code display="inline" overflowWrap="anywhere" variant="plain" whiteSpace="pre-wrap">
            <StoredText text={`${label}${Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`}`} />
          </Code>
        </Box>
        <Box ps={5}>
          {entries.slice(0, shownItems).map(([key, item]) => (
            <JsonTree depth={depth + 1} key={key} name={String(key)} path={childPath(path, key)} value={item} />
          ))}
          {entries.length > shownItems ? (
            <Code display="block" variant="plain">{`... ${entries.length - shownItems} more: download the value to see them`}</Code>
          ) : undefined}
        </Box>
      </details>
      <Box insetInlineEnd={0} position="absolute" top={0}>
        <CopyPath path={path} />
      </Box>
    </Box>
  );
};

type LineProps = { readonly path: string; readonly text: string };

/** Inline, because Code is a flex box by default: a long hash would not break, and a phone would scroll sideways. */
const Line = ({ path, text }: LineProps) => (
  <Box className="group">
    <Code display="inline" overflowWrap="anywhere" variant="plain" whiteSpace="pre-wrap">
      <StoredText text={text} />
    </Code>
    <CopyPath path={path} />
  </Box>
);

/** Visible while the mouse is over its line or the keyboard has focused it. */
const CopyPath = ({ path }: { readonly path: string }) => {
  const [copied, setCopied] = useState(false);
  const shown = shownText(path);

  const copy = async () => {
    await navigator.clipboard.writeText(path);
    setCopied(true);
  };

  return (
    <Box
      _focusVisible={{ opacity: 1, outline: "2px solid", outlineColor: "border.emphasized" }}
      _groupHover={{ opacity: 1 }}
      aria-label={`Copy the path ${shown}`}
      as="button"
      color="fg.muted"
      cursor="pointer"
      fontSize="xs"
      ms={2}
      onClick={() => void copy()}
      onMouseLeave={() => setCopied(false)}
      opacity={0}
      title={shown}
    >
      {copied ? "copied" : "path"}
    </Box>
  );
};
