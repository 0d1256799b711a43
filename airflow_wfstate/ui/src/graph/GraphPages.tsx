import { Button, HStack, Text } from "@chakra-ui/react";

import type { Graph } from "../server/model";

/** The parameter in the address that says how many of the first runs to skip. */
export const skipName = "runs";

/** The most runs that the server returns at once. */
const runsOfPage = 50;

/** How many runs the address skips; 0 if it says nothing valid. */
export const skippedIn = (address: URLSearchParams): number => {
  const text = address.get(skipName) ?? "";
  return /^\d{1,6}$/.test(text) ? Number(text) : 0;
};

type Props = { readonly graph: Graph; readonly show: (skip: number) => void };

/** Says which of the workflow's runs are shown, with buttons for the others. Renders nothing if all are shown. */
export const GraphPages = ({ graph: { earlier_lanes: earlier, further_lanes: further, lanes }, show }: Props) => {
  if (earlier === 0 && further === 0) {
    return undefined;
  }
  const total = earlier + lanes.length + further;
  const what = lanes.some((lane) => lane.kind === "service") ? "Services and DAG runs" : "DAG runs";
  const shown = lanes.length === 0 ? "none" : `${earlier + 1} to ${earlier + lanes.length}`;

  return (
    <HStack aria-label="DAG runs in the graph" mb={2} role="group" wrap="wrap">
      <Text fontSize="sm" role="status">{`${what} ${shown} of ${total}, in the order they joined`}</Text>
      <Button disabled={earlier === 0} onClick={() => show(Math.max(0, earlier - runsOfPage))} size="2xs" variant="outline">
        Earlier runs
      </Button>
      <Button disabled={further === 0} onClick={() => show(earlier + lanes.length)} size="2xs" variant="outline">
        Later runs
      </Button>
    </HStack>
  );
};
