import { shownText } from "./shownText";

/** Text from the store, isolated so that its content cannot reorder the text around it. */
export const StoredText = ({ text }: { readonly text: string }) => <bdi>{shownText(text)}</bdi>;
