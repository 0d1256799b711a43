import { Box, DataList, Portal, Text } from "@chakra-ui/react";
import { useEffect } from "react";

import { StoredText } from "../text/StoredText";
import type { Tip } from "./tips";

export type Shown = { readonly at: DOMRect; readonly tip: Tip };

const width = 320;
const margin = 8;

type Props = { readonly hide: () => void; readonly shown: Shown };

/** The tooltip beside a bar. There is one for the whole timeline, no matter how many bars it has. */
export const Tooltip = ({ hide, shown }: Props) => {
  const { at, tip } = shown;
  useEffect(() => {
    const onKey = ({ key }: KeyboardEvent) => (key === "Escape" ? hide() : undefined);
    document.addEventListener("keydown", onKey);
    document.addEventListener("scroll", hide, true); // it would not move with the bar
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("scroll", hide, true);
    };
  }, [hide]);
  const left = Math.min(Math.max(margin, at.left), Math.max(margin, innerWidth - width - margin));
  const isAbove = at.bottom > innerHeight * 0.6;
  return (
    <Portal>
      <Box
        bg="bg.panel"
        borderRadius="md"
        borderWidth={1}
        boxShadow="lg"
        color="fg"
        data-wfstate=""
        fontSize="xs"
        left={`${left}px`}
        maxWidth={`calc(100vw - ${2 * margin}px)`}
        p={3}
        pointerEvents="none"
        position="fixed"
        role="tooltip"
        width={`${width}px`}
        zIndex="tooltip"
        {...(isAbove ? { bottom: `${innerHeight - at.top + margin}px` } : { top: `${at.bottom + margin}px` })}
      >
        <Text fontWeight="bold" lineClamp={3} mb={1} overflowWrap="anywhere">
          <StoredText text={tip.title} />
        </Text>
        <DataList.Root gap={1} orientation="horizontal" size="sm">
          {tip.facts.map(([name, text]) => (
            <DataList.Item key={name}>
              <DataList.ItemLabel fontSize="xs" minWidth="20">
                {name}
              </DataList.ItemLabel>
              <DataList.ItemValue fontSize="xs" lineClamp={4} overflowWrap="anywhere">
                <StoredText text={text} />
              </DataList.ItemValue>
            </DataList.Item>
          ))}
        </DataList.Root>
      </Box>
    </Portal>
  );
};
