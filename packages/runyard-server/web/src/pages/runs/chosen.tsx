// What can be done with the runs that are selected.
import { useState } from "preact/hooks";
import { param, setParams } from "../../address";
import { call } from "../../api";
import type { RunRecord } from "../../protocol";
import { counted } from "../../texts";
import { Button, say } from "../../ui/bits";
import { discard } from "../../ui/discard";
import { tagOf } from "../../ui/tags";

interface BarProps {
  workspace: string;
  runs: RunRecord[];
  selected: Set<string>;
  onSelect: (selected: Set<string>) => void;
  onCompare: () => void;
  onChanged: () => void;
}

/** The bar below the table while something is selected. */
export function Bar({ workspace, runs, selected, onSelect, onCompare, onChanged }: BarProps) {
  const [tag, setTag] = useState<string>();
  const chosen = runs.filter((run) => selected.has(run.id));
  const ids = (fits: (run: RunRecord) => unknown) => chosen.filter(fits).map((run) => run.id);
  const [active, ended] = [ids((run) => !run.ended_at), ids((run) => run.ended_at)];
  const all = async (
    what: string,
    ids: string[],
    act: (run: string) => Promise<unknown>,
    undo?: () => void,
  ) => {
    const results = await Promise.allSettled(ids.map(act));
    const failed = results.filter((one) => one.status === "rejected").length;
    const refused = failed ? `, ${failed} refused` : "";
    say(`${counted(ids.length - failed, "run")} ${what}${refused}`, undo);
    onChanged();
  };
  const shelve = (ids: string[], row: "runs.archive" | "runs.unarchive") => {
    const [told, back] =
      row === "runs.archive"
        ? (["archived", "runs.unarchive"] as const)
        : (["in the list again", "runs.archive"] as const);
    onSelect(new Set());
    const act = (run: string) => call(row, { workspace, run });
    void all(told, ids, act, () => shelve(ids, back));
  };
  const shelves = [
    ["Archive", ids((run) => run.ended_at && !run.archived), "runs.archive"],
    ["Unarchive", ids((run) => run.archived), "runs.unarchive"],
  ] as const;
  const add = () => {
    const tags = tagOf(tag ?? "");
    setTag(undefined);
    const change = (run: string) =>
      call("runs.change", { workspace, run }, { body: { tags: tags ?? {} } });
    if (tags) void all(`tagged ${Object.keys(tags)}`, [...selected], change);
  };
  const cancel = () =>
    void all("canceled", active, (run) => call("runs.cancel", { workspace, run }));
  const remove = () => {
    onSelect(new Set());
    void discard(workspace, "run", ended, onChanged);
  };
  return (
    <div class="bar" role="toolbar" aria-label="Selected runs">
      <b>{counted(selected.size, "run")} selected</b>
      <Button kind="main" act={onCompare} disabled={selected.size > 500}>
        Compare
      </Button>
      <Button
        aria-pressed={param("panel") === "1"}
        act={() => setParams({ panel: param("panel") === "1" ? "" : "1" })}
      >
        Charts
      </Button>
      {tag === undefined ? (
        <Button act={() => setTag("")}>Tag</Button>
      ) : (
        <input
          aria-label="A tag for the selected runs"
          placeholder="name=value, Enter"
          value={tag}
          ref={(field) => field?.focus()}
          onInput={(event) => setTag(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") add();
            else if (event.key === "Escape") setTag(undefined);
          }}
        />
      )}
      {active.length > 0 && (
        <Button kind="danger" act={cancel}>
          Cancel {active.length}
        </Button>
      )}
      {shelves.map(
        ([name, of, row]) =>
          of.length > 0 && (
            <Button key={name} act={() => shelve(of, row)}>
              {name} {of.length}
            </Button>
          ),
      )}
      {ended.length > 0 && (
        <Button kind="danger" act={remove}>
          Delete {ended.length}
        </Button>
      )}
      <Button kind="quiet" act={() => onSelect(new Set())}>
        Clear
      </Button>
    </div>
  );
}
