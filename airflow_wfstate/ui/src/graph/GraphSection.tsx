import { Box, Button, HStack, Text } from "@chakra-ui/react";
import { useMemo, useState } from "react";

import { useAddress } from "../address/useAddress";
import { ErrorNotice, Loading, Nothing } from "../notices/Notices";
import { getGraph } from "../server/client";
import type { Graph } from "../server/model";
import { useFresh } from "../server/useFresh";
import { StoredText } from "../text/StoredText";
import { GraphCanvas } from "./GraphCanvas";
import { GraphLegend } from "./GraphLegend";
import { GraphPages, skipName, skippedIn } from "./GraphPages";
import { foldedAtFirst, foldKey, shapeOf } from "./shape";

/** The services and runs that take part, their dependencies, and which step triggered which run, one page at a time. */
export const GraphSection = ({ workflowId }: { readonly workflowId: string }) => {
  const [address, setAddress] = useAddress();
  const skip = skippedIn(address);
  const { error, value } = useFresh(`graph ${workflowId} ${skip}`, (signal) => getGraph(workflowId, skip, signal));

  const show = (wanted: number) =>
    setAddress((last) => {
      const next = new URLSearchParams(last);
      next.delete(skipName);
      if (wanted > 0) {
        next.set(skipName, String(wanted));
      }
      return next;
    });

  return (
    <Box as="section">
      {error === undefined ? undefined : <ErrorNotice error={error} stale={value !== undefined} />}
      {value === undefined && error === undefined ? <Loading /> : undefined}
      {value === undefined ? undefined : (
        <>
          <GraphPages graph={value} show={show} />
          <Shown graph={value} key={skip} />
        </>
      )}
    </Box>
  );
};

const Shown = ({ graph }: { readonly graph: Graph }) => {
  // Do not lay out the graph again if the response has not changed.
  const text = JSON.stringify(graph);
  const same = useMemo(() => JSON.parse(text) as Graph, [text]);
  const [first] = useState(() => foldedAtFirst(graph));
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const folded = useMemo(() => {
    const found = new Set(first);
    for (const key of turned) {
      if (!found.delete(key)) {
        found.add(key);
      }
    }
    return found;
  }, [first, turned]);
  const lanes = useMemo(() => shapeOf(same, folded), [folded, same]);

  const turn = (key: string) =>
    setTurned((last) => {
      const next = new Set(last);
      if (!next.delete(key)) {
        next.add(key);
      }
      return next;
    });
  const turnAll = (fold: boolean) => {
    const all = graph.lanes.flatMap((lane) => lane.groups.map((group) => foldKey(lane, group)));
    const lanesToo = fold ? [] : graph.lanes.map((lane) => foldKey(lane));
    setTurned((last) => {
      const next = new Set(last);
      for (const key of [...all, ...lanesToo].filter((one) => folded.has(one) !== fold)) {
        if (!next.delete(key)) {
          next.add(key);
        }
      }
      return next;
    });
  };

  return (
    <>
      {lanes.length === 0 && graph.earlier_lanes === 0 ? (
        <Nothing>No DAG run or service takes part in this workflow yet.</Nothing>
      ) : undefined}
      {lanes.length === 0 ? undefined : (
        <GraphCanvas lanes={lanes} turn={turn}>
          {graph.lanes.some((lane) => lane.groups.length > 0) || first.size > 0 ? (
            <>
              <Button onClick={() => turnAll(false)} size="2xs" variant="outline">
                Unfold all
              </Button>
              <Button onClick={() => turnAll(true)} size="2xs" variant="outline">
                Fold groups
              </Button>
            </>
          ) : undefined}
        </GraphCanvas>
      )}
      <Remaining entries={graph.remaining} />
      {lanes.length === 0 ? undefined : <GraphLegend lanes={lanes} />}
    </>
  );
};

/** Planned steps that nothing above will do, mostly of runs not triggered yet. Their dependencies are unknown. */
const Remaining = ({ entries }: { readonly entries: readonly string[] }) =>
  entries.length === 0 ? undefined : (
    <Box mt={3}>
      <Text fontSize="sm" fontWeight="bold" mb={1}>
        Planned, in runs that have not started
      </Text>
      <HStack as="ul" gap={2} listStyle="none" wrap="wrap">
        {entries.map((entry) => (
          <Box
            as="li"
            borderColor="border.emphasized"
            borderRadius="md"
            borderStyle="dashed"
            borderWidth={1}
            color="fg.muted"
            fontSize="sm"
            key={entry}
            maxWidth="full"
            overflowWrap="anywhere"
            px={3}
            py={1}
          >
            <StoredText text={entry} />
          </Box>
        ))}
      </HStack>
    </Box>
  );
