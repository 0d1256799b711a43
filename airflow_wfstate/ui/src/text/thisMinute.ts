import { present } from "./clock";

/** The start of the current minute. Requests stay the same for a while, so that unchanged responses are not resent. */
export const thisMinute = (): number => Math.floor(present() / 60_000) * 60_000;
