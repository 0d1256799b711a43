import { Box, Heading, NativeSelect, Text } from "@chakra-ui/react";

import type { Code, ResumePlan, RunCode } from "../server/model";
import { newWork, type ResumeOptions } from "./resumeOptions";

type Props = {
  readonly change: (options: ResumeOptions) => void;
  readonly plan: ResumePlan;
  readonly options: ResumeOptions;
};

/** What someone decides before a workflow continues; renders nothing if there is nothing to decide. */
export const ResumeChoices = ({ change, options, plan }: Props) => {
  const versioned = plan.code.filter((run) => run.is_versioned);
  const isAsked =
    Object.keys(options.origins).length > 0 || plan.undeclared_steps.some((step) => step.fate === "undecided");
  return (
    <>
      {versioned.length > 0 || options.code !== undefined ? (
        <Choice
          change={(chosen) => change({ code: chosen === "" ? undefined : (chosen as Code), origins: {} })}
          label="Code"
          options={[
            ["", "as Airflow decides"],
            ["same", "the version of each run"],
            ["latest", "the latest version"],
          ]}
          value={options.code ?? ""}
        />
      ) : undefined}
      {versioned.map((run) => (
        <Text fontSize="sm" key={`${run.dag_id} ${run.run_id}`} mb={2} overflowWrap="anywhere">
          {codeText(run)}
        </Text>
      ))}
      {isAsked ? (
        <Box mb={3}>
          <Heading as="h3" mb={1} size="sm">
            Finished steps that are no longer declared by any task
          </Heading>
          {plan.new_steps.map(({ step }) => (
            <Choice
              change={(chosen) =>
                change({
                  ...options,
                  origins:
                    chosen === unsaid
                      ? Object.fromEntries(Object.entries(options.origins).filter(([other]) => other !== step))
                      : { ...options.origins, [step]: chosen },
                })
              }
              key={step}
              label={`${step} is`}
              options={[
                [unsaid, "not decided yet"],
                ...plan.undeclared_steps
                  .filter((old) => participantOf(old.step) === participantOf(step))
                  .map((old): [string, string] => [old.step, `${old.step}, renamed`]),
                [newWork, "new work"],
              ]}
              value={options.origins[step] ?? unsaid}
            />
          ))}
        </Box>
      ) : undefined}
    </>
  );
};

/** Cannot be the name of a step, because names have no line breaks. */
const unsaid = "\n";

/** DAG ids may contain dots, so this is only a guess; the server checks what is sent. */
const participantOf = (step: string): string => step.split(".", 1)[0] ?? step;

const versionText = (version: RunCode["own"]): string =>
  `${version.dag_version === null ? "an unknown version" : `version ${version.dag_version}`}${
    version.bundle_version === null ? "" : ` (${version.bundle_version.slice(0, 12)})`
  }`;

const codeText = (run: RunCode): string => {
  const changed = run.changed_tasks.map((task) => `${task.task_id} (${task.change})`).join(", ");
  const latest = run.latest === null ? "unknown" : versionText(run.latest);
  return (
    `${run.dag_id} / ${run.run_id} is on ${versionText(run.own)}, the latest is ${latest}. It continues on ` +
    `${run.uses === "same" ? "its own version" : "the latest version"}.${changed === "" ? "" : ` Tasks that differ: ${changed}.`}`
  );
};

type ChoiceProps = {
  readonly change: (chosen: string) => void;
  readonly label: string;
  readonly options: readonly (readonly [string, string])[];
  readonly value: string;
};

const Choice = ({ change, label, options, value }: ChoiceProps) => (
  <NativeSelect.Root mb={2} size="sm">
    <NativeSelect.Field aria-label={label} onChange={(event) => change(event.currentTarget.value)} value={value}>
      {options.map(([option, text]) => (
        <option key={option} value={option}>
          {label === "Code" ? `Code: ${text}` : `${label} ${text}`}
        </option>
      ))}
    </NativeSelect.Field>
    <NativeSelect.Indicator />
  </NativeSelect.Root>
);
