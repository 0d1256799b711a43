import { Box, Table, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

import { StoredText } from "../text/StoredText";

/** A row: what is compared, its value on each side, and whether to mark it as different. */
export type Compared = {
  readonly differs: boolean;
  readonly left: ReactNode;
  readonly name: string;
  readonly right: ReactNode;
};

type Props = {
  readonly label: string;
  readonly left: ReactNode;
  readonly right: ReactNode;
  readonly rows: readonly Compared[];
  /** What the rows are, such as "Step". */
  readonly what: string;
};

/** Two things side by side. A bar and a word mark differences, not colour alone. */
export const SideBySide = ({ label, left, right, rows, what }: Props) => (
  <Table.ScrollArea aria-label={`${label}, scrolls sideways`} role="region" tabIndex={0}>
    <Table.Root aria-label={label} size="sm" whiteSpace="normal" tableLayout="fixed" minWidth="lg">
      <Table.Header>
        <Table.Row>
          <Table.ColumnHeader width="24%">{what}</Table.ColumnHeader>
          <Table.ColumnHeader>{left}</Table.ColumnHeader>
          <Table.ColumnHeader>{right}</Table.ColumnHeader>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {rows.map((row) => (
          <Table.Row key={row.name} verticalAlign="top">
            <Table.Cell
              borderInlineStartColor={row.differs ? "orange.solid" : "transparent"}
              borderInlineStartWidth={3}
              overflowWrap="anywhere"
            >
              <StoredText text={row.name} />
              {row.differs ? (
                <Text color="fg.muted" fontSize="xs">
                  differs
                </Text>
              ) : undefined}
            </Table.Cell>
            <Table.Cell overflowWrap="anywhere">{row.left ?? <Missing />}</Table.Cell>
            <Table.Cell overflowWrap="anywhere">{row.right ?? <Missing />}</Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  </Table.ScrollArea>
);

const Missing = () => (
  <Box as="span" color="fg.muted">
    not present
  </Box>
);
