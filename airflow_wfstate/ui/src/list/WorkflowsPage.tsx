import { Button, Heading, HStack } from "@chakra-ui/react";
import { useCallback, useEffect, useState } from "react";

import { rememberList } from "../address/lastList";
import { useAddress } from "../address/useAddress";
import { ActiveFilters } from "./ActiveFilters";
import { BulkActions } from "./BulkActions";
import { getStats, getWorkflows } from "../server/client";
import { OutsideLinks } from "../events/OutsideLinks";
import { FilterBar } from "./FilterBar";
import { Freshness, OutcomeNotice } from "../notices/Notices";
import { NoWorkflows } from "./NoWorkflows";
import { bucketSecondsOf, StartsChart, windowOf } from "./StartsChart";
import { StateCounts } from "../steps/StateCounts";
import { thisMinute } from "../text/thisMinute";
import { useFresh } from "../server/useFresh";
import { useTitle } from "../workflow/useTitle";
import { ViewsBar } from "./ViewsBar";
import { changed, filtersOf, isFiltered, questionOf, sortOf, withLabel } from "./workflowFilter";
import { WorkflowsTable } from "./WorkflowsTable";

type Props = {
  /** Show only workflows in which this DAG takes part; undefined for all. */
  readonly dagId?: string | undefined;
};

const none: ReadonlySet<string> = new Set();

/** The list of workflows, newest first. The address holds filters, order and page, so that links can be shared. */
export const WorkflowsPage = ({ dagId }: Props) => {
  const [address, setAddress] = useAddress();
  useEffect(() => (dagId === undefined ? rememberList(address) : undefined), [address, dagId]);
  useTitle(dagId === undefined ? "Workflows" : undefined); // Airflow's own pages set theirs
  const [told, setTold] = useState<string>();
  const [selection, setSelection] = useState({ ids: none, of: address });
  if (selection.of !== address) {
    setSelection({ ids: none, of: address }); // what is out of sight is not selected
  }
  const chosen = selection.ids;
  const setChosen = (ids: ReadonlySet<string>) => setSelection({ ids, of: address });
  const list = useFresh(`${dagId ?? ""}?${address}`, (signal) => getWorkflows(questionOf(address, dagId, thisMinute()), signal));
  const stats = useFresh(`stats ${dagId ?? ""}?${changed(address, { sort: "", state: "" })}`, (signal) =>
    loadStats(address, dagId, signal),
  );
  const filter = useCallback(
    (changes: Record<string, string>) => setAddress((last) => changed(last, changes)),
    [setAddress],
  );
  const workflows = list.value?.workflows ?? [];
  const cursor = address.get("cursor");

  return (
    <>
      <Heading mb={4} size="lg">
        Workflows
      </Heading>
      <ViewsBar address={address} />
      {dagId === undefined ? <OutsideLinks /> : undefined}
      {stats.value === undefined ? undefined : (
        <>
          <StartsChart buckets={stats.value.buckets} window={stats.value.window} />
          <StateCounts
            choose={(state) => filter({ state })}
            chosen={address.get("state") ?? ""}
            stats={stats.value.all}
          />
        </>
      )}
      <FilterBar
        addLabel={(label) => setAddress((last) => withLabel(last, label))}
        address={address}
        filter={filter}
        isFixedDag={dagId !== undefined}
      />
      <ActiveFilters address={address} change={setAddress} />
      {told === undefined ? undefined : <OutcomeNotice dismiss={() => setTold(undefined)}>{told}</OutcomeNotice>}
      <Freshness fresh={list} lines={10} />
      {list.value !== undefined && workflows.length === 0 ? (
        <NoWorkflows clear={() => setAddress(() => new URLSearchParams())} dagId={dagId} isFiltered={isFiltered(address)} />
      ) : undefined}
      {/* Not only beside rows: its dialog stays when an action has removed the last one from the list. */}
      <BulkActions
        canSelect={workflows.length > 0}
        chosen={workflows.filter((workflow) => chosen.has(workflow.id))}
        done={(outcome) => {
          setTold(outcome);
          setChosen(none);
          list.refresh();
        }}
      />
      {workflows.length === 0 ? undefined : (
        <WorkflowsTable
          addressOfLabel={(label) => ({ search: withLabel(address, label).toString() })}
          choose={setChosen}
          chosen={chosen}
          sort={sortOf(address)}
          sortBy={(sort) => filter({ sort })}
          workflows={workflows}
        />
      )}
      <HStack justify="flex-end" mt={4}>
        {cursor === null ? undefined : (
          <Button onClick={() => filter({})} size="sm" variant="outline">
            First page
          </Button>
        )}
        {list.value?.next_cursor ? (
          <Button onClick={() => filter({ cursor: list.value?.next_cursor ?? "" })} size="sm" variant="outline">
            Next page
          </Button>
        ) : undefined}
      </HStack>
    </>
  );
};

/** The counts of the filtered workflows, by state and by start time. */
const loadStats = async (address: URLSearchParams, dagId: string | undefined, signal: AbortSignal) => {
  const now = thisMinute();
  const filters = filtersOf(address, dagId, now);
  const window = windowOf(filters.since ?? undefined, filters.until ?? undefined, now);
  const [all, inTime] = await Promise.all([
    getStats(filters, signal),
    window.whyEmpty === undefined
      ? getStats(
          {
            ...filters,
            bucket_seconds: bucketSecondsOf(window),
            since: new Date(window.from).toISOString(),
            until: new Date(window.to).toISOString(),
          },
          signal,
        )
      : undefined,
  ]);
  return { all, buckets: inTime?.buckets ?? [], window };
};
