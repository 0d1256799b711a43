import { Box, Grid } from "@chakra-ui/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useEffect, useRef } from "react";

export type Column<Row> = {
  readonly cell: (row: Row) => ReactNode;
  readonly header: string;
  /** A CSS grid track, such as "9rem" or "minmax(8rem, 2fr)". It needs a minimum width to stay readable. */
  readonly width: string;
};

type Props<Row> = {
  readonly columns: readonly Column<Row>[];
  /** The total number of rows, including those not loaded yet. */
  readonly count: number;
  /** The row to scroll to at first; a negative number for none. */
  readonly goTo?: number;
  readonly keyOf: (index: number) => string;
  /** What the table shows, for screen readers. */
  readonly label: string;
  /** Sum of the columns' minimum widths. In a narrower window the table scrolls sideways with a fixed first column. */
  readonly leastWidth: string;
  /** The row at an index; undefined when not loaded yet. Must be the same object as long as nothing has changed. */
  readonly rowAt: (index: number) => Row | undefined;
  /** Called with the first and the last visible row. */
  readonly seen?: (first: number, last: number) => void;
  /** The content below an unfolded row; undefined for a folded one. */
  readonly unfolded?: (row: Row) => ReactNode;
};

/** The most rows that are shown without a separate scroll bar. */
const rowsWithoutScrolling = 50;
const rowHeight = 41;

/** A table that draws only the visible rows and a few more, so that thousands scroll as smoothly as ten. */
export const VirtualTable = <Row,>(props: Props<Row>) => {
  const { columns, count, goTo = -1, keyOf, label, leastWidth, rowAt, seen, unfolded } = props;
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- only this component reads what it returns
  const rows = useVirtualizer({
    count,
    estimateSize: () => rowHeight,
    getItemKey: keyOf,
    getScrollElement: () => scroller.current,
    overscan: 8,
  });
  const drawn = rows.getVirtualItems();
  const first = rows.range?.startIndex ?? 0;
  const last = rows.range?.endIndex ?? 0;
  useEffect(() => seen?.(first, last), [first, last, seen]);
  useEffect(() => {
    if (goTo >= 0) {
      rows.scrollToIndex(goTo);
      scroller.current?.querySelector(`[data-index="${goTo}"]`)?.scrollIntoView({ block: "nearest" });
    }
  }, [goTo, rows]);
  const template = columns.map((column) => column.width).join(" ");

  return (
    <Box
      aria-label={label}
      aria-rowcount={count + 1}
      maxHeight={count > rowsWithoutScrolling ? "65vh" : undefined}
      overflow="auto"
      ref={scroller}
      role="table"
      tabIndex={0}
    >
      <Box minWidth={leastWidth}>
        <Box bg="bg" borderBottomWidth={1} position="sticky" role="rowgroup" top={0} zIndex={2}>
          <Grid fontSize="sm" fontWeight="medium" role="row" templateColumns={template}>
            {columns.map((column, index) => (
              <Box bg="bg" key={column.header} p={2} role="columnheader" {...(index === 0 ? stays : {})}>
                {column.header}
              </Box>
            ))}
          </Grid>
        </Box>
        <Box height={`${rows.getTotalSize()}px`} position="relative" role="rowgroup">
          {drawn.map(({ index, key, start }) => {
            const row = rowAt(index);
            const below = row === undefined ? undefined : unfolded?.(row);
            return (
              <div
                data-index={index}
                key={key}
                ref={rows.measureElement}
                style={{ insetInlineStart: 0, position: "absolute", top: 0, transform: `translateY(${start}px)`, width: "100%" }}
              >
                <Cells columns={columns as readonly Column<unknown>[]} index={index} row={row} template={template} />
                {below === undefined ? undefined : (
                  <Box borderBottomWidth={1} px={2} role="row">
                    <div role="cell">{below}</div>
                  </Box>
                )}
              </div>
            );
          })}
        </Box>
      </Box>
    </Box>
  );
};

/** The first column stays in sight while the others scroll sideways. */
const stays = { insetInlineStart: 0, position: "sticky", zIndex: 1 } as const;

type CellsProps = {
  readonly columns: readonly Column<unknown>[];
  readonly index: number;
  readonly row: unknown;
  readonly template: string;
};

/** Redrawn only when its row changes. Scrolling moves rows and draws only the new ones. */
const Cells = memo(({ columns, index, row, template }: CellsProps) => (
  <Grid
    alignItems="center"
    aria-rowindex={index + 2}
    borderBottomWidth={1}
    fontSize="sm"
    minHeight={`${rowHeight}px`}
    role="row"
    templateColumns={template}
  >
    {columns.map((column, position) =>
      position === 0 ? (
        <Box bg="bg" key={column.header} minWidth={0} px={2} py={1} role="cell" {...stays}>
          {row === undefined ? "…" : column.cell(row)}
        </Box>
      ) : (
        <div key={column.header} role="cell" style={{ minWidth: 0, padding: "4px 8px" }}>
          {row === undefined ? undefined : column.cell(row)}
        </div>
      ),
    )}
  </Grid>
));
Cells.displayName = "Cells";
