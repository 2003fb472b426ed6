// The models of a workspace, and the versions of one of them.
import { useEffect, useState } from "preact/hooks";
import { go, param, setParams, to } from "../address";
import { all, call } from "../api";
import { useLive } from "../live";
import type { ModelRecord, RunRecord } from "../protocol";
import { useResource, useRested } from "../resource";
import { bytes, counted, figure } from "../texts";
import { Ago, Head } from "../ui/bits";
import { Code, Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";

const MOST = 10_000;
const RUNS_AT_ONCE = 100;
const METRICS = 6;
const FIRST = `run.register_model(model_name="mnist", model_path="outputs/model")`;

/** What is typed as a filter: a word is looked for in names. */
export function filterOf(typed: string): string {
  const text = typed.trim();
  if (!text || /[=<>]|\b(like|ilike|in|is)\b/i.test(text)) return text;
  return `name ILIKE '%${text.replaceAll("\\", "\\\\").replaceAll("%", "\\%").replaceAll("_", "\\_").replaceAll("'", "''")}%'`;
}

/** A text as the filters have it. */
export const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** The runs of these ids, with what each measured last. */
export async function runsOf(
  workspace: string,
  ids: string[],
  signal: AbortSignal,
): Promise<Map<string, RunRecord>> {
  const found = new Map<string, RunRecord>();
  for (let first = 0; first < ids.length; first += RUNS_AT_ONCE) {
    const some = ids.slice(first, first + RUNS_AT_ONCE).map(quoted);
    const body = { filter: `id IN (${some.join(", ")})`, page_size: RUNS_AT_ONCE };
    const page = await call("runs.search", { workspace }, { body, signal });
    for (const run of page.items) found.set(run.id, run);
  }
  return found;
}

export default function Models({ workspace, name }: { workspace: string; name?: string }) {
  const filter = param("q");
  const order = param("order");
  const every = name !== undefined || param("all") === "1";
  const [typed, setTyped] = useState(filter);
  const rested = useRested(typed);
  useEffect(() => setParams({ q: rested }), [rested]);
  useEffect(() => {
    document.title = name === undefined ? `Models · ${workspace}` : `${name} · Models`;
  }, [workspace, name]);
  const models = useResource(`${workspace} ${name} ${filter} ${order} ${every}`, (signal) => {
    const parts = [
      name === undefined ? "" : `name = ${quoted(name)}`,
      every ? "" : "latest = true",
      filterOf(filter),
    ];
    const body = {
      filter: parts.filter(Boolean).join(" and "),
      order_by: order ? [order] : name === undefined ? [] : ["version desc"],
      page_size: 1000,
    };
    return all(
      (token) =>
        call("models.search", { workspace }, { body: { ...body, page_token: token }, signal }),
      MOST,
    );
  });
  useLive(workspace, ["models"], models.refresh);
  return (
    <>
      <Head
        title={name ?? "Models"}
        trail={name === undefined ? [] : [["Models", to(["models", workspace])]]}
      />
      <div class="search tools">
        <input
          type="search"
          aria-label="Filter"
          placeholder={
            name === undefined ? "a name, or tags.stage = 'prod'" : "tags.stage = 'prod'"
          }
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        {name === undefined && (
          <label>
            <input
              type="checkbox"
              checked={every}
              onChange={(event) => setParams({ all: event.currentTarget.checked ? "1" : "" }, true)}
            />
            all versions
          </label>
        )}
      </div>
      <Loaded of={models} lines={10}>
        {(items) =>
          items.length === 0 ? (
            <Empty
              title={
                filter ? "No model fits the filter" : name ? `No model ${name}` : "No model yet"
              }
              {...(filter || name ? {} : { code: FIRST })}
            >
              {filter ? undefined : "A run registers what it has made, by name."}
            </Empty>
          ) : name === undefined ? (
            <Table
              label="Models"
              columns={listed}
              rows={items}
              id={(model) => model.id}
              href={(model) =>
                every
                  ? to(["models", workspace, model.name, String(model.version)])
                  : to(["models", workspace, model.name])
              }
              order={order}
              onOrder={(next) => setParams({ order: next }, true)}
              foot={counted(items.length, every ? "version" : "model")}
            />
          ) : (
            <Versions workspace={workspace} name={name} models={items} order={order} />
          )
        }
      </Loaded>
    </>
  );
}

const created: Column<ModelRecord> = {
  name: "created",
  title: "Registered",
  width: "6.5rem",
  order: "created_at",
  cell: (model) => <Ago time={model.created_at} />,
};
const size: Column<ModelRecord> = {
  name: "size",
  title: "Size",
  width: "6rem",
  number: true,
  order: "size",
  cell: (model) => bytes(model.size),
};
const tags: Column<ModelRecord> = {
  name: "tags",
  title: "Tags",
  width: "minmax(10rem, 2fr)",
  cell: (model) =>
    Object.entries(model.tags).map(([key, value]) => (
      <span key={key} class="tag">
        {value ? `${key}=${value}` : key}
      </span>
    )),
};
const run: Column<ModelRecord> = {
  name: "run",
  title: "Run",
  width: "minmax(7rem, 1fr)",
  order: "experiment",
  cell: (model) => model.experiment ?? "–",
};

const listed: Column<ModelRecord>[] = [
  {
    name: "name",
    title: "Model",
    width: "minmax(10rem, 2fr)",
    order: "name",
    cell: (model) => model.name,
  },
  {
    name: "version",
    title: "Version",
    width: "5rem",
    number: true,
    order: "version",
    cell: (model) => model.version,
  },
  created,
  {
    name: "framework",
    title: "Framework",
    width: "7rem",
    order: "framework",
    cell: (model) => `${model.framework} ${model.framework_version}`.trim() || "–",
  },
  { ...run, title: "Experiment" },
  size,
  tags,
];

interface VersionsProps {
  workspace: string;
  name: string;
  models: ModelRecord[];
  order: string;
}

function Versions({ workspace, name, models, order }: VersionsProps) {
  const [selected, setSelected] = useState(new Set<string>());
  const ids = [...new Set(models.map((model) => model.run).filter((id) => id !== null))];
  const runs = useResource(ids.length ? `runs ${ids.join(",")}` : null, (signal) =>
    runsOf(workspace, ids, signal),
  );
  const of = (model: ModelRecord) => runs.data?.get(model.run ?? "");
  const metrics = [
    ...new Set(models.flatMap((model) => Object.keys(of(model)?.metrics ?? {}))),
  ].slice(0, METRICS);
  const columns: Column<ModelRecord>[] = [
    {
      name: "version",
      title: "Version",
      width: "6rem",
      order: "version",
      cell: (model) => `${model.version}`,
    },
    created,
    {
      ...run,
      cell: (model) =>
        model.run ? (
          <a href={to(["runs", workspace, model.run])}>
            {model.experiment} {of(model)?.number ?? ""}
          </a>
        ) : (
          "–"
        ),
    },
    ...metrics.map((metric): Column<ModelRecord> => ({
      name: `metrics.${metric}`,
      title: metric,
      width: "minmax(6rem, 1fr)",
      number: true,
      cell: (model) => figure(of(model)?.metrics?.[metric]),
    })),
    size,
    tags,
  ];
  const chosen = [...selected]
    .map((id) => Number(id.slice(id.lastIndexOf(":") + 1)))
    .sort((left, right) => left - right);
  const compare = () =>
    go(
      to(["models", workspace, name, "diff"], {
        from: String(chosen[0]),
        to: String(chosen.at(-1)),
      }),
    );
  return (
    <div class="stack">
      {models[0]?.description && <p class="faint">{models[0].description}</p>}
      <Table
        label={`Versions of ${name}`}
        columns={columns}
        rows={models}
        id={(model) => model.id}
        href={(model) => to(["models", workspace, name, String(model.version)])}
        order={order || "version desc"}
        onOrder={(next) => setParams({ order: next }, true)}
        selected={selected}
        onSelect={setSelected}
        foot={`${counted(models.length, "version")}; select two to compare them`}
      />
      {chosen.length > 1 && (
        <div class="bar">
          <button type="button" class="main" onClick={compare}>
            Compare {chosen[0]} with {chosen.at(-1)}
          </button>
        </div>
      )}
      <details class="use">
        <summary>From a script or a shell</summary>
        <Code
          text={`from runyard import Model, Workspace\n\nModel.list(Workspace.from_config(), name="${name}")`}
        />
        <Code text={`runyard models list --name ${name}`} />
      </details>
    </div>
  );
}
