import { useCallback } from "react";
import { useNavigate, useSearchParams } from "react-router-dom";

/** Changes the query of the address. The function gets the query as it is in the address bar. */
export type ChangeAddress = (change: (current: URLSearchParams) => URLSearchParams) => void;

/** The query in the address bar. The router renders it a moment later. */
export const currentQuery = (): URLSearchParams => new URLSearchParams(window.location.search);

/**
 * The query of the address as rendered, and a function that changes it.
 *
 * A change made by `useSearchParams` starts from the query last rendered. Two changes in quick succession would undo
 * the first.
 */
export const useAddress = (): readonly [shown: URLSearchParams, change: ChangeAddress] => {
  const [shown] = useSearchParams();
  const navigate = useNavigate();
  const change: ChangeAddress = useCallback(
    (changed) => void navigate(`?${changed(currentQuery())}`),
    [navigate],
  );
  return [shown, change];
};
