import { Badge, HStack, Link } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";

import { eventsAddress, subscriptionsAddress } from "../airflow/airflow";
import { getEventCounts, getRights } from "../server/events";
import { useFresh } from "../server/useFresh";
import { countsText } from "./counts";

/** Polling intervals in seconds for what rarely changes: the reader's rights, and the number of waiting events. */
const seldom = { counts: 30, rights: 300 };

/** Links to waiting events, if there are any, and to subscriptions, for those who may manage them. */
export const OutsideLinks = () => {
  const rights = useFresh("rights", getRights, seldom.rights).value;
  const looks = rights?.looks_at_events ?? false;
  const counts = useFresh(
    `counts ${looks}`,
    async (signal) => (looks ? getEventCounts(signal) : undefined),
    seldom.counts,
  ).value;
  const waiting = counts === undefined ? undefined : countsText(counts);

  return rights === undefined || !(rights.operates || waiting !== undefined) ? undefined : (
    <HStack aria-label="Services" as="nav" fontSize="sm" gap={4} mb={3} wrap="wrap">
      {waiting === undefined ? undefined : (
        <HStack gap={2}>
          <Link asChild color="fg.info">
            <RouterLink to={eventsAddress}>Waiting events</RouterLink>
          </Link>
          <Badge color="fg" colorPalette={counts !== undefined && counts.dead > 0 ? "red" : "gray"} variant="outline">
            {waiting}
          </Badge>
        </HStack>
      )}
      {rights.operates ? (
        <Link asChild color="fg.info">
          <RouterLink to={subscriptionsAddress}>Subscriptions</RouterLink>
        </Link>
      ) : undefined}
    </HStack>
  );
};
