import { shownText } from "./shownText";

/**
 * Text from the store, isolated so that its content cannot reorder the text around it. Runs of spaces stay, because they
 * tell two names apart; whether lines wrap is up to the place.
 */
export const StoredText = ({ text }: { readonly text: string }) => (
  <bdi style={{ whiteSpaceCollapse: "preserve" }}>{shownText(text)}</bdi>
);
