import { describe, expect, it } from "vitest";

import { cancelCommand, decideCommand, quoted, resumeCommand } from "../src/actions/command";

describe("a copied command", () => {
  it.each([
    ["plain", "plain"],
    ["", "''"],
    ["two words", "'two words'"],
    ["it's", String.raw`'it'\''s'`],
    ["$(reboot) `x`", "'$(reboot) `x`'"],
    ["a\nb", "'a\nb'"],
    ["*", "'*'"],
    ["ünïcode", "'ünïcode'"],
  ])("quotes the word %j for a shell", (word, text) => expect(quoted(word)).toBe(text));
  it("names the workflow, the step and the reason", () =>
    expect(resumeCommand("id-1", "because", "dag.step[x y]")).toBe(
      "airflow wfstate restart id-1 '--from=dag.step[x y]' --reason=because",
    ));
  it("says what was chosen", () =>
    expect(resumeCommand("id-1", "", undefined, { code: "latest", origins: { "d.new": "d.old", "d.more": "" } })).toBe(
      "airflow wfstate resume id-1 --code=latest --rename=d.old=d.new --new=d.more",
    ));
  it("leaves out an empty reason, but of a decision", () => {
    expect(cancelCommand("id-1")).toBe("airflow wfstate cancel id-1");
    expect(decideCommand("id-1", "skip", "d.s", 2)).toBe("airflow wfstate compensation skip id-1 d.s --round=2 --reason=WHY");
  });
});
