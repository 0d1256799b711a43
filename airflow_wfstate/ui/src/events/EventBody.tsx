import { Box, Button, Text } from "@chakra-ui/react";
import { useState } from "react";

import { ErrorNotice } from "../notices/Notices";
import { PayloadView } from "../payloads/PayloadView";
import type { EventDetail } from "../server/model";
import { problemText } from "../server/problem";

type Props = { readonly load: () => Promise<EventDetail>; readonly name: string };

/** The body of an event, loaded on demand. */
export const EventBody = ({ load, name }: Props) => {
  const [detail, setDetail] = useState<EventDetail>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  const ask = async () => {
    setBusy(true);
    try {
      setDetail(await load());
      setError(undefined);
    } catch (problem) {
      setError(problemText(problem));
    }
    setBusy(false);
  };

  return (
    <Box mt={2}>
      {error === undefined ? undefined : (
        <ErrorNotice error={error} stale={false} title="The event could not be loaded" />
      )}
      {detail === undefined ? (
        <Button loading={isBusy} onClick={() => void ask()} size="xs" variant="outline">
          Show the event
        </Button>
      ) : detail.body === null ? (
        <Text color="fg.muted" fontSize="sm">
          {`The event has ${detail.event.size} bytes. You are not allowed to see what services report about this workflow.`}
        </Text>
      ) : (
        <PayloadView name={name} payload={detail.body} />
      )}
    </Box>
  );
};
