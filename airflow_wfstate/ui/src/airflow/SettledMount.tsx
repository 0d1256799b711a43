import { type ReactElement, useEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router-dom";

/** The places whose component Airflow has found loaded. */
const settled = new Set<string>();

type Props = {
  readonly children: ReactElement;
  /** The name by which the plugin registers the place. */
  readonly place: string;
};

/**
 * Shows its content only once Airflow no longer replaces it.
 *
 * Airflow (3.2, 3.3) renders a plugin by React.lazy while its bundle loads, and by the loaded component from its next
 * render on. That one mounts anew: whatever was typed, focused or unfolded before the first navigation would be lost.
 * So the first mount of a page load only goes to the address where it already is, which renders it again.
 */
export const SettledMount = ({ children, place }: Props) => {
  const { hash, key, pathname, search, state } = useLocation();
  const navigate = useNavigate();
  const [unsettled] = useState(() => (settled.has(place) ? undefined : key));
  useEffect(() => {
    if (unsettled === key) {
      settled.add(place);
      void navigate({ hash, pathname, search }, { replace: true, state });
    }
  }, [hash, key, navigate, pathname, place, search, state, unsettled]);

  return unsettled === key ? undefined : children;
};
