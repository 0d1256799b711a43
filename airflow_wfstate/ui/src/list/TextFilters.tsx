import { Text } from "@chakra-ui/react";
import { useId } from "react";

import { getHealth } from "../server/client";
import { useFresh } from "../server/useFresh";
import { TypedFilter } from "./TypedFilter";
import { leastText } from "./workflowFilter";

type Props = {
  readonly address: URLSearchParams;
  readonly filter: (changes: Record<string, string>) => void;
};

/** Polling interval in seconds, for something that only a database migration changes. */
const seldom = 600;

/** Filters that search anywhere in a text. A note says so if the server has no index for them. */
export const TextFilters = (props: Props) => {
  const { value } = useFresh("health", getHealth, seldom);
  const said = useId();
  const isSlow = value?.finds_text_by_index === false;
  const describedBy = isSlow ? said : undefined;

  return (
    <>
      <TypedFilter {...props} describedBy={describedBy} label="Key or label contains" least={leastText} name="contains" />
      <TypedFilter {...props} describedBy={describedBy} label="Error contains" least={leastText} name="error" />
      {isSlow ? (
        <Text color="fg.muted" fontSize="xs" id={said}>
          The database has no text index (pg_trgm): a &ldquo;contains&rdquo; filter scans every workflow that the other
          filters match.
        </Text>
      ) : undefined}
    </>
  );
};
