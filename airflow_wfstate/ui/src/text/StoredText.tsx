import { shownText } from "./shownText";

/** Text from the store, isolated: whatever it holds, it does not move or turn the text around it. */
export const StoredText = ({ text }: { readonly text: string }) => <bdi>{shownText(text)}</bdi>;
