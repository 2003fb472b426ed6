// The runs below a run, in the table of all runs: each unfolds to those below it.
import { quoted } from "../../search";
import { Empty } from "../../ui/states";
import type { TabProps } from "../run";
import { RunsTable } from "../runs";

export default function Children({ workspace, run }: TabProps) {
  return (
    <RunsTable workspace={workspace} within={`parent = ${quoted(run.id)}`}>
      <Empty title="No run below this one" code={'child = run.child_run(name="fold 1")'}>
        Child runs appear here as soon as they begin.
      </Empty>
    </RunsTable>
  );
}
