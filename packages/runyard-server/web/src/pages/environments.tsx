// Environments: what was locked and made of it, how much room it takes, and which runs used it.
import { useEffect, useState } from "preact/hooks";
import { param, setParams, to } from "../address";
import { ask, call, url } from "../api";
import { useLive } from "../live";
import type { LockUse, RunRecord } from "../protocol";
import { useResource } from "../resource";
import { bytes, counted } from "../texts";
import { Ago, Card, Copy, Facts, Head, Status, say } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { Text } from "../ui/preview";
import { type Package, packages } from "./infra";

const FIRST = `from runyard import Environment, ScriptRunConfig

environment = Environment("training")
environment.python.conda_dependencies.add_pip_package("scikit-learn")
config = ScriptRunConfig(source_directory=".", script="train.py", environment=environment)`;

interface EnvironmentsProps {
  workspace: string;
  lock?: string;
}

export default function Environments({ workspace, lock }: EnvironmentsProps) {
  return lock === undefined ? (
    <List workspace={workspace} />
  ) : (
    <One workspace={workspace} lock={lock} />
  );
}

const AGAIN_MS = 300;
const called = (one: LockUse) => one.name || one.digest.slice(0, 12);
const state = (one: LockUse) =>
  one.own ? "your own Python" : one.made_at ? "in the cache" : "made again when needed";

function List({ workspace }: { workspace: string }) {
  useEffect(() => {
    document.title = `Environments · ${workspace}`;
  }, [workspace]);
  const found = useResource(`locks ${workspace}`, (signal) =>
    call("environments.locks", { workspace }, { signal }),
  );
  const registered = useResource(`environments ${workspace}`, (signal) =>
    call("environments.list", { workspace }, { signal }),
  );
  useLive(workspace, ["environments", "runs"], found.refresh);
  // Folders are measured for half a second a request: the rest comes with the next one.
  const unmeasured = found.data?.items.some((one) => one.made_at && one.size === null);
  useEffect(() => {
    if (!unmeasured) return;
    const timer = setTimeout(found.refresh, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [found.data]);
  const columns: Column<LockUse>[] = [
    { name: "name", title: "Name", width: "minmax(10rem, 1fr)", cell: called },
    {
      name: "wanted",
      title: "Asked for",
      width: "minmax(14rem, 2fr)",
      cell: (one) => <span class="faint">{one.wanted.join(", ") || "no packages"}</span>,
    },
    { name: "python", title: "Python", width: "5rem", cell: (one) => one.python },
    { name: "size", title: "Size", width: "5rem", number: true, cell: sizeOf },
    { name: "state", title: "State", width: "11rem", cell: state },
    { name: "runs", title: "Runs", width: "4rem", number: true, cell: runsOf },
    { name: "used", title: "Last use", width: "8rem", cell: (one) => <Ago time={one.used_at} /> },
  ];
  return (
    <>
      <Head title="Environments" trail={[[workspace, `/runs/${workspace}`]]} />
      <Loaded of={found} lines={8}>
        {({ items }) =>
          items.length ? (
            <Table
              label="Environments"
              columns={columns}
              rows={items}
              id={(one) => one.digest}
              href={(one) => to(["environments", workspace, one.digest])}
              foot={`${bytes(items.reduce((sum, one) => sum + (one.size ?? 0), 0))} as files: environments share what they have in common, so the disk holds less`}
            />
          ) : (
            <Empty title="No environment yet" code={FIRST}>
              One is made when a run needs it, and kept for all that need the same.
            </Empty>
          )
        }
      </Loaded>
      {registered.data && registered.data.items.length > 0 && (
        <Card title="Registered" wide>
          <ul class="list">
            {registered.data.items.map((one) => (
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

const sizeOf = (one: LockUse) => (one.size === null ? (one.made_at ? "…" : "–") : bytes(one.size));
const runsOf = (one: LockUse) => (one.runs > 1000 ? "> 1,000" : one.runs);

function One({ workspace, lock }: { workspace: string; lock: string }) {
  const segments = { workspace, lock };
  const found = useResource(`lock ${workspace} ${lock}`, async (signal) => {
    const [record, uses] = await Promise.all([
      call("environments.lock", segments, { signal }),
      call("environments.locks", { workspace }, { query: { digest: lock }, signal }),
    ]);
    return { record, use: uses.items[0] };
  });
  const runs = useResource(`runs of ${lock}`, (signal) =>
    call(
      "runs.search",
      { workspace },
      { body: { filter: `environment = '${lock.replaceAll("'", "")}'`, page_size: 200 }, signal },
    ),
  );
  const name = found.data?.use?.name || lock.slice(0, 12);
  useEffect(() => {
    document.title = `${name} · Environments`;
  }, [name]);
  const evict = () =>
    call("environments.evict", segments).then(
      () => {
        say("It is not in the cache any more; a run that needs it makes it again.");
        found.refresh();
      },
      (error: Error) => say(error.message),
    );
  return (
    <>
      <Head title={name} trail={[["Environments", to(["environments", workspace])]]}>
        {found.data?.use?.made_at && (
          <button type="button" class="danger" onClick={() => void evict()}>
            Delete from the cache
          </button>
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
                    ["Locked", <Ago key="locked" time={record.created_at} />],
                    ["Last use", <Ago key="used" time={use?.used_at} />],
                    [
                      "Lock",
                      <Copy key="lock" text={lock} children={<code>{lock.slice(0, 16)}</code>} />,
                    ],
                  ]}
                />
              </Card>
              <Card title="Asked for">
                <p>{use?.wanted.join(", ") || "no packages"}</p>
                {record.notes.map((note) => (
                  <p key={note} class="faint">
                    {note}
                  </p>
                ))}
              </Card>
            </div>
            <Packages text={record.requirements} />
            <Runs workspace={workspace} found={runs.data?.items ?? []} />
            {use?.log && <Log workspace={workspace} lock={lock} />}
          </div>
        )}
      </Loaded>
    </>
  );
}

function Packages({ text }: { text: string }) {
  const wanted = param("find");
  const found = packages(text);
  const low = wanted.toLowerCase();
  const shown = found.filter((one) => one.name.toLowerCase().includes(low));
  const columns: Column<Package>[] = [
    { name: "name", title: "Package", width: "minmax(12rem, 2fr)", cell: (one) => one.name },
    { name: "version", title: "Version", width: "minmax(8rem, 1fr)", cell: (one) => one.version },
  ];
  if (!found.length) return <p class="card faint">Nothing is installed beside the interpreter.</p>;
  return (
    <Card
      wide
      title={counted(found.length, "package")}
      extra={
        <Copy text={found.map((one) => `${one.name}==${one.version}`).join("\n")}>
          Copy as requirements
        </Copy>
      }
    >
      <div class="search">
        <input
          type="search"
          aria-label="Find a package"
          placeholder="Find a package"
          value={wanted}
          onInput={(event) => setParams({ find: event.currentTarget.value })}
        />
      </div>
      <Table label="Packages" columns={columns} rows={shown} id={(one) => one.name} />
    </Card>
  );
}

function Runs({ workspace, found }: { workspace: string; found: RunRecord[] }) {
  const columns: Column<RunRecord>[] = [
    {
      name: "run",
      title: "Run",
      width: "minmax(12rem, 2fr)",
      cell: (run) => `${run.experiment} ${run.number}`,
    },
    { name: "status", title: "Status", width: "8rem", cell: (run) => <Status of={run.status} /> },
    {
      name: "created",
      title: "Created",
      width: "8rem",
      cell: (run) => <Ago time={run.created_at} />,
    },
  ];
  return (
    <Card wide title="Runs that used it">
      {found.length ? (
        <Table
          label="Runs that used it"
          columns={columns}
          rows={found}
          id={(run) => run.id}
          href={(run) => to(["runs", workspace, run.id, "environment"])}
        />
      ) : (
        <p class="faint">None in this workspace.</p>
      )}
    </Card>
  );
}

function Log({ workspace, lock }: { workspace: string; lock: string }) {
  const [open, setOpen] = useState(false);
  const log = useResource(open ? `build log ${lock}` : null, async (signal) => {
    const answer = await ask(url("environments.build_log", { workspace, lock }), { signal });
    return answer.text();
  });
  return (
    <Card wide title="How it was made">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Build log</summary>
        {open && <Loaded of={log}>{(text) => <Text text={text} />}</Loaded>}
      </details>
    </Card>
  );
}
