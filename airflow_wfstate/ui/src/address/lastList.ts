/** The query of the list as last shown, so that the way back to it keeps its filters. Lasts as long as the page. */
let query = "";

export const rememberList = (shown: URLSearchParams): void => {
  query = shown.toString();
};

export const lastList = (): string => query;
