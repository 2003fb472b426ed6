// Another run to look at this one beside: its parent, the last that succeeded, or any by its id.
import { param, setParams, to } from "../../address";
import { call } from "../../api";
import type { RunRecord } from "../../protocol";
import { type Resource, useAll, useResource } from "../../resource";
import { runName } from "../../texts";
import { Status } from "../../ui/bits";
import { Choice } from "../../ui/fields";

const KNOWN = 50;
const PARENT = "parent";
const SUCCESS = "success";
/** The git commit that the run's code was taken from, which is no run. */
export const COMMIT = "commit";

/** The run that the address chooses, null for none; `undefined` data while it is looked for. */
export function useAgainst(run: RunRecord, chosen = param("against")): Resource<RunRecord | null> {
  const { workspace } = run;
  return useResource(`against ${run.id} ${chosen}`, async (signal) => {
    if (!chosen || chosen === COMMIT) return null;
    if (chosen === SUCCESS) return lastSuccess(run, signal);
    const id = chosen === PARENT ? run.parent : chosen;
    return id ? call("runs.get", { workspace, run: id }, { signal }) : null;
  });
}

/** The newest run of the same experiment that had completed before this one began. */
async function lastSuccess(run: RunRecord, signal: AbortSignal): Promise<RunRecord | null> {
  const query = { experiment: run.experiment, status: "Completed", page_size: 1000 };
  const { items } = await call("runs.list", { workspace: run.workspace }, { query, signal });
  return items.find((one) => one.id !== run.id && one.created_at < run.created_at) ?? null;
}

interface PickRunProps {
  run: RunRecord;
  /** What stands where no run is chosen. */
  none: string;
  /** Whether it may be looked at beside its commit. */
  commit?: boolean;
  value?: string;
  onPick?: (chosen: string) => void;
}

/** A choice of runs to look at this one beside. */
export function PickRun({
  run,
  none,
  commit = false,
  value = param("against"),
  onPick = (against) => setParams({ against }, true),
}: PickRunProps) {
  const query = { experiment: run.experiment, page_size: KNOWN };
  const known = useAll("runs.list", { workspace: run.workspace }, { query }, { most: KNOWN });
  const others = (known.data ?? []).filter((one) => one.id !== run.id && one.id !== run.parent);
  const offered: [string, string][] = [
    ["", none],
    ...(run.parent ? ([[PARENT, "the parent"]] as [string, string][]) : []),
    [SUCCESS, "the last success"],
    ...(commit && run.properties["azureml.git.commit"]
      ? ([[COMMIT, "its git commit"]] as [string, string][])
      : []),
    ...others.map((one): [string, string] => [one.id, `${runName(one)}, ${one.status}`]),
  ];
  const listed = offered.some(([id]) => id === value);
  return (
    <Choice
      label="Compare with"
      value={value}
      of={listed ? offered : [...offered, value]}
      onPick={onPick}
    />
  );
}

/** Which run it is that stands beside, as a link. */
export function Other({ run }: { run: RunRecord }) {
  return (
    <span class="other">
      <a href={to(["runs", run.workspace, run.id])}>{runName(run)}</a> <Status of={run.status} />
    </span>
  );
}
