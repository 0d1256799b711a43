import { Button, HStack, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { shownText } from "../text/shownText";
import { StoredText } from "../text/StoredText";

type Props = {
  /** The address that a click on a label opens. */
  readonly addressOf: (label: string) => { readonly pathname?: string; readonly search: string };
  readonly labels: Readonly<Record<string, string>>;
  /** How many labels to show; the others are only counted. All by default. */
  readonly most?: number;
};

/** The labels of a workflow; a click on one shows the workflows that have it. */
export const LabelChips = ({ addressOf, labels, most = Infinity }: Props) => {
  const all = Object.entries(labels).map(([name, value]) => `${name}=${value}`);

  return all.length === 0 ? undefined : (
    <HStack aria-label="Labels" gap={1} role="group" wrap="wrap">
      {all.slice(0, most).map((label) => (
        <Button
          asChild
          fontWeight="normal"
          height={5}
          key={label}
          maxWidth="48"
          minWidth={0}
          px={1.5}
          size="2xs"
          variant="subtle"
        >
          <RouterLink title={`Only workflows with ${shownText(label)}`} to={addressOf(label)}>
            <Text as="span" truncate>
              <StoredText text={label} />
            </Text>
          </RouterLink>
        </Button>
      ))}
      {all.length > most ? (
        <Text as="span" color="fg.muted" fontSize="xs" title={all.slice(most).map(shownText).join("\n")}>
          {`+${all.length - most}`}
        </Text>
      ) : undefined}
    </HStack>
  );
};
