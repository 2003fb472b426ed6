// Environments: what was locked and made of it, how much room it takes, and which runs used it.
import { to } from "../address";
import { call, url } from "../api";
import { useLive } from "../live";
import type { LockUse, RunRecord } from "../protocol";
import { useAll, useEvery, useResource } from "../resource";
import { quoted } from "../search";
import { bytes, runName } from "../texts";
import { Ago, Button, Card, Copy, Facts, Head, told } from "../ui/bits";
import { type Column, number, state as stateOf, text, time } from "../ui/columns";
import { Packages } from "../ui/packages";
import { Empty, Loaded } from "../ui/states";
import { Listing } from "../ui/table";
import { Unfold } from "../ui/unfold";

const FIRST = `from runyard import Environment, ScriptRunConfig

environment = Environment("training")
environment.python.conda_dependencies.add_pip_package("scikit-learn")
config = ScriptRunConfig(source_directory=".", script="train.py", environment=environment)`;

const AGAIN_MS = 300;
const state = (one: LockUse) =>
  one.own ? "your own Python" : one.made_at ? "in the cache" : "made again when needed";
const sizeOf = (one: LockUse) => (one.size === null ? (one.made_at ? "…" : "–") : bytes(one.size));

const COLUMNS: Column<LockUse>[] = [
  text("Name", "minmax(10rem, 1fr)", (one) => one.name || one.digest.slice(0, 12)),
  text("Asked for", "minmax(14rem, 2fr)", (one) => one.wanted.join(", ") || "no packages"),
  text("Python", "5rem", (one) => one.python),
  number("Size", "5rem", (one) => one.size, { cell: sizeOf }),
  text("State", "11rem", state),
  number("Runs", "4rem", (one) => one.runs, {
    cell: (one) => (one.runs > 1000 ? "> 1,000" : one.runs),
  }),
  time("Last use", (one) => one.used_at),
];

export default function List({ workspace }: { workspace: string }) {
  const found = useAll("environments.locks", { workspace });
  const registered = useAll("environments.list", { workspace });
  useLive(workspace, ["environments", "runs"], found.refresh);
  // Folders are measured for half a second a request: the rest comes with the next one.
  const unmeasured = found.data?.some((one) => one.made_at && one.size === null);
  useEvery(AGAIN_MS, () => unmeasured && found.refresh());
  const whole = (found.data ?? []).reduce((sum, one) => sum + (one.size ?? 0), 0);
  return (
    <>
      <Head title="Environments" trail={[[workspace, to(["runs", workspace])]]} />
      <Listing
        of={found}
        noun="environment"
        sort="order"
        columns={COLUMNS}
        id={(one) => one.digest}
        href={(one) => to(["environments", workspace, one.digest])}
        foot={`, ${bytes(whole)} as files: they share what they have in common, so the disk holds less`}
      >
        <Empty title="No environment yet" code={FIRST}>
          One is made when a run needs it, and kept for all that need the same.
        </Empty>
      </Listing>
      {registered.data && registered.data.length > 0 && (
        <Card title="Registered" wide>
          <ul class="list">
            {registered.data.map((one) => (
              <li key={one.name}>
                <b>{one.name}</b>
                <span class="faint">
                  {[...one.definition.conda, ...one.definition.pip].join(", ") || "no packages"}
                </span>
                <small>version {one.version}</small>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}

const USED: Column<RunRecord>[] = [
  text("Run", "minmax(12rem, 2fr)", runName),
  stateOf((run) => run.status),
  time("Created", (run) => run.created_at),
];

export function One({ workspace, lock }: { workspace: string; lock: string }) {
  const segments = { workspace, lock };
  const found = useResource(`lock ${workspace} ${lock}`, async (signal) => {
    const [record, uses] = await Promise.all([
      call("environments.lock", segments, { signal }),
      call("environments.locks", { workspace }, { query: { digest: lock }, signal }),
    ]);
    return { record, use: uses.items[0] };
  });
  const body = { filter: `environment = ${quoted(lock)}`, page_size: 200 };
  const runs = useAll("runs.search", { workspace }, { body }, { most: 200 });
  const evict = () =>
    void told(
      call("environments.evict", segments),
      found.refresh,
      "It is not in the cache any more; a run that needs it makes it again.",
    );
  return (
    <>
      <Head
        title={found.data?.use?.name || lock.slice(0, 12)}
        trail={[["Environments", to(["environments", workspace])]]}
      >
        {found.data?.use?.made_at && (
          <Button kind="danger" act={evict}>
            Delete from the cache
          </Button>
        )}
      </Head>
      <Loaded of={found} lines={8}>
        {({ record, use }) => (
          <div class="stack">
            <div class="cards">
              <Card title="Environment">
                <Facts
                  of={[
                    ["Python", record.python],
                    ["State", use ? state(use) : "–"],
                    ["Size", use ? sizeOf(use) : "–"],
                    ["Locked", <Ago time={record.created_at} />],
                    ["Last use", <Ago time={use?.used_at} />],
                    ["Lock", <Copy text={lock} children={<code>{lock.slice(0, 16)}</code>} />],
                  ]}
                />
              </Card>
              <Card title="Asked for">
                <p>{use?.wanted.join(", ") || "no packages"}</p>
                <p class="faint notes">{record.notes.join("\n")}</p>
              </Card>
            </div>
            <Packages lock={record} />
            <Card wide title="Runs that used it">
              <Listing
                of={runs}
                label="Runs that used it"
                noun="run"
                columns={USED}
                id={(run) => run.id}
                href={(run) => to(["runs", workspace, run.id, "environment"])}
              >
                None in this workspace.
              </Listing>
            </Card>
            {use?.log && (
              <Unfold
                title="How it was made"
                summary="Build log"
                address={url("environments.build_log", segments)}
              />
            )}
          </div>
        )}
      </Loaded>
    </>
  );
}
