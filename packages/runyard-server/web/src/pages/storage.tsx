// What takes space and what of it could be freed, and what was deleted and may come back.
import { useState } from "preact/hooks";
import { to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import { workspace as here } from "../places";
import type { Freeable, StoragePlace, TrashEntry } from "../protocol";
import { useAll, useResource } from "../resource";
import { bytes, counted, duration } from "../texts";
import { Ago, Bars, Button, Card, Facts, Head, told } from "../ui/bits";
import { type Column, acts, number, size, text, time } from "../ui/columns";
import { Dialog } from "../ui/fields";
import { Loaded } from "../ui/states";
import { Listing } from "../ui/table";
import { type Area, Treemap } from "../ui/treemap";

const FREEABLE: Column<Freeable>[] = [
  text("What", "10rem", (one) => one.kind),
  size("Size", (one) => one.size),
  text("How", "minmax(16rem, 3fr)", (one) => one.how),
];
const PLACES: Column<StoragePlace>[] = [
  text("Experiment", "minmax(10rem, 2fr)", (one) => one.experiment),
  text("Workspace", "minmax(8rem, 1fr)", (one) => one.workspace),
  number("Runs", "6rem", (one) => one.runs),
  size("Size", (one) => one.size),
];

const areaOf = ({ workspace, experiment, size }: StoragePlace): Area => ({
  name: experiment,
  of: workspace,
  size,
  href: to(["experiments", workspace, experiment]),
});

export default function Storage() {
  const report = useResource("storage", (signal) => call("storage.get", {}, { signal }));
  const measure = () =>
    void told(call("storage.get", {}, { query: { fresh: true } }), report.set, "Measured anew.");
  return (
    <>
      <Head title="Storage">
        <Button act={measure}>Measure now</Button>
      </Head>
      <div class="stack">
        <Loaded of={report} lines={10}>
          {({ kinds, places, freeable, free, measured_at, collected: last }) => (
            <>
              <Card
                title="By kind"
                extra={
                  <small>
                    {bytes(free)} free on the disk; measured <Ago time={measured_at} />
                  </small>
                }
              >
                <Bars
                  of={kinds
                    .toSorted((left, right) => right.size - left.size)
                    .map(({ kind, size: one }, _, [most]) => [
                      kind,
                      one / (most?.size || 1),
                      bytes(one),
                    ])}
                />
              </Card>
              <Listing
                of={freeable}
                label="What could be freed"
                noun="kind"
                columns={FREEABLE}
                id={(one) => one.kind}
              >
                Nothing could be freed.
              </Listing>
              <Card title="Collector" extra={<small>removes what nothing refers to</small>}>
                {last ? (
                  <Facts
                    of={[
                      ["Last run", <Ago time={last.began_at} />],
                      ["Took", duration(last.seconds)],
                      ["Freed", `${bytes(last.size)} in ${counted(last.removed, "content")}`],
                      ["Looked at", counted(last.seen, "content")],
                      ["Goes next", counted(last.marked, "content")],
                    ]}
                  />
                ) : (
                  <p class="faint">Not yet: once a day, and after something was freed.</p>
                )}
              </Card>
              <Card wide title="By experiment">
                <div class="stack">
                  <Treemap label="Experiments by size" areas={places.map(areaOf)} />
                  <Listing
                    of={places}
                    label="By experiment"
                    noun="experiment"
                    columns={PLACES}
                    id={(one) => `${one.workspace} ${one.experiment}`}
                  >
                    No run has a file yet.
                  </Listing>
                </div>
              </Card>
            </>
          )}
        </Loaded>
        <Trash workspace={here.value} />
      </div>
    </>
  );
}

/** What was deleted in a workspace: brought back, or freed after it was said how much that is. */
function Trash({ workspace }: { workspace: string }) {
  const query = { page_size: 200 };
  const entries = useAll("trash.list", { workspace }, { query }, { most: 2000 });
  useLive(workspace, ["runs", "models"], entries.refresh);
  const restore = (one: TrashEntry) =>
    void told(
      call("trash.restore", { workspace, entry: one.id }),
      entries.refresh,
      `The ${one.kind} ${one.name} is back.`,
    );
  const [freeing, setFreeing] = useState<TrashEntry>();
  const free = async () => {
    await call("trash.free", { workspace, entry: freeing?.id ?? "" });
    entries.refresh();
  };
  const kept = (one: TrashEntry) => one.state === "kept";
  const columns: Column<TrashEntry>[] = [
    text("What", "8rem", (one) => one.kind),
    text("Name", "minmax(12rem, 2fr)", (one) => one.name),
    number("Parts", "4rem", (one) => one.count),
    size("Size", (one) => one.size),
    time("Deleted", (one) => one.deleted_at),
    text("By", "8rem", (one) => one.deleted_by || null),
    text("Kept until", "8rem", (one) => (kept(one) ? one.until.slice(0, 10) : one.state)),
    acts("Restore", (one) => `Restore ${one.name}`, restore, kept),
    acts("Free now", (one) => `Free ${one.name}`, setFreeing, kept),
  ];
  return (
    <Card wide title={`Trash of ${workspace}`}>
      {freeing && (
        <Dialog title="Free it now" act="Free" onAct={free} close={() => setFreeing(undefined)}>
          <p>
            {bytes(freeing.size)} of the {freeing.kind} {freeing.name}: it cannot come back.
          </p>
        </Dialog>
      )}
      <Listing
        of={entries}
        label="Trash"
        noun="entry"
        columns={columns}
        id={(one) => one.id}
        command="runyard trash list"
      >
        Empty. What is deleted comes here first, for a week if nothing is set.
      </Listing>
    </Card>
  );
}
