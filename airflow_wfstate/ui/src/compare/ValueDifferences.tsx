import { Box, Code, Heading, Text } from "@chakra-ui/react";

import { valueOrText } from "../server/json";
import type { JsonValue, Payload } from "../server/model";
import { StoredText } from "../text/StoredText";
import { differencesOf, mostDifferences } from "./differences";
import { SideBySide } from "./SideBySide";

type Props = {
  readonly label: string;
  readonly left: Payload | null;
  readonly leftName: string;
  readonly right: Payload | null;
  readonly rightName: string;
};

/** Where two stored values differ, by path. */
export const ValueDifferences = ({ label, left, leftName, right, rightName }: Props) => (
  <Box mb={4}>
    <Heading as="h3" mb={1} size="sm">
      {label}
    </Heading>
    <Differences label={label} left={left} leftName={leftName} right={right} rightName={rightName} />
  </Box>
);

const Differences = ({ label, left, leftName, right, rightName }: Props) => {
  if (left === null && right === null) {
    return <Note>There is no value, or you are not allowed to see it.</Note>;
  }
  if (left?.sha256 === right?.sha256) {
    return <Note>Both values are identical.</Note>;
  }
  const [one, other] = [valueOf(left), valueOf(right)];
  const found = differencesOf(one, other);
  return found.length === 0 ? (
    <Note>The parts that you are allowed to see are identical.</Note>
  ) : (
    <>
      <SideBySide
        label={`${label}: differences`}
        left={<StoredText text={leftName} />}
        right={<StoredText text={rightName} />}
        rows={found.slice(0, mostDifferences).map((difference) => ({
          differs: true,
          left: <Shown value={difference.left} />,
          name: difference.path,
          right: <Shown value={difference.right} />,
        }))}
        what="Path"
      />
      {found.length > mostDifferences ? <Note>{`Only the first ${mostDifferences} differences are shown.`}</Note> : undefined}
    </>
  );
};

const valueOf = (payload: Payload | null): JsonValue | undefined =>
  payload === null ? undefined : valueOrText(payload.text);

const longest = 2000;

const Shown = ({ value }: { readonly value: JsonValue | undefined }) => {
  if (value === undefined) {
    return (
      <Text as="span" color="fg.muted">
        not present
      </Text>
    );
  }
  const text = JSON.stringify(value);
  return (
    <Code overflowWrap="anywhere" variant="plain" whiteSpace="pre-wrap">
      <StoredText text={text.length > longest ? `${text.slice(0, longest)}...` : text} />
    </Code>
  );
};

const Note = ({ children }: { readonly children: string }) => (
  <Text color="fg.muted" fontSize="sm">
    {children}
  </Text>
);
