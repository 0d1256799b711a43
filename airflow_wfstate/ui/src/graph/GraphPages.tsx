import { Button, HStack, Text } from "@chakra-ui/react";

import type { Graph } from "../server/model";

/** Names in the address how many runs are left out, those that joined first. */
export const skipName = "runs";

/** As many as the server answers with at most. */
const runsOfPage = 50;

/** How many runs the address leaves out; none where it says nothing that makes sense. */
export const skippedIn = (address: URLSearchParams): number => {
  const text = address.get(skipName) ?? "";
  return /^\d{1,6}$/.test(text) ? Number(text) : 0;
};

type Props = { readonly graph: Graph; readonly show: (skip: number) => void };

/** Which of the workflow's runs are drawn, and the way to the others; nothing where all of them are. */
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
