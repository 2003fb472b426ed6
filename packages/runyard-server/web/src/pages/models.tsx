// The models of a workspace, and the versions of one of them.
import { useState } from "preact/hooks";
import { go, param, to } from "../address";
import { call } from "../api";
import { useLive } from "../live";
import type { ModelRecord } from "../protocol";
import { useAll, useCall, useResource, useRested } from "../resource";
import { named as nameLike, quoted } from "../search";
import { Button, Head, link } from "../ui/bits";
import { type Column, number, size, text, time } from "../ui/columns";
import { Check, Search } from "../ui/fields";
import { Code, Empty, Loaded } from "../ui/states";
import { Table } from "../ui/table";
import { Written } from "../ui/written";
import { Changes } from "./model/registry";
import { runsOf } from "./runs/rows";

const METRICS = 6;
const FIRST = `run.register_model(model_name="mnist", model_path="outputs/model")`;

/** What is typed as a filter: a word is looked for in names. */
export function filterOf(typed: string): string {
  const told = typed.trim();
  return /[=<>]|\b(like|ilike|in|is)\b/i.test(told) ? told : nameLike(told);
}

export default function Models({ workspace, name }: { workspace: string; name?: string }) {
  const filter = useRested(param("q"));
  const every = name !== undefined || param("all") === "1";
  const parts = [
    name === undefined ? "" : `name = ${quoted(name)}`,
    every ? "" : "latest = true",
    filterOf(filter),
  ];
  const order_by = [param("order", name === undefined ? "" : "version desc")].filter(Boolean);
  const body = { filter: parts.filter(Boolean).join(" and "), order_by, page_size: 1000 };
  const models = useAll("models.search", { workspace }, { body });
  useLive(workspace, ["models"], models.refresh);
  return (
    <>
      <Head
        title={name ?? "Models"}
        trail={name === undefined ? [] : [["Models", to(["models", workspace])]]}
      />
      <div class="search tools">
        <Search
          label="Filter"
          placeholder={`${name === undefined ? "a name, or " : ""}tags.stage = 'prod'`}
        />
        {name === undefined && (
          <Check name="all" push>
            all versions
          </Check>
        )}
      </div>
      <Loaded of={models} lines={10}>
        {(items) =>
          items.length === 0 ? (
            <None filter={filter} name={name} />
          ) : name === undefined ? (
            <Table
              label="Models"
              noun={every ? "version" : "model"}
              sort="order"
              served
              columns={LISTED}
              rows={items}
              href={(model) =>
                to(["models", workspace, model.name, ...(every ? [String(model.version)] : [])])
              }
              command="runyard models list"
            />
          ) : (
            <Versions workspace={workspace} name={name} models={items} />
          )
        }
      </Loaded>
    </>
  );
}

function None({ filter, name }: { filter: string; name: string | undefined }) {
  if (filter) return <Empty title="No model fits the filter" />;
  if (name) return <Empty title={`No model ${name}`} />;
  return (
    <Empty title="No model yet" code={FIRST}>
      A run registers what it has made, by name.
    </Empty>
  );
}

const created = time<ModelRecord>("Registered", (model) => model.created_at, {
  order: "created_at",
});
const bytes = size<ModelRecord>("Size", (model) => model.size, { order: "size" });
const tagged = (model: ModelRecord) =>
  Object.entries(model.tags).map(([key, value]) => (value ? `${key}=${value}` : key));
const stage = text<ModelRecord>("Stage", "7rem", (model) =>
  model.stage === "None" ? null : model.stage,
);
const list = (words: string[], sign: string) => words.join(sign) || null;
const aliases = text<ModelRecord>("Aliases", "minmax(6rem, 1fr)", (one) => list(one.aliases, ", "));
const tags = text<ModelRecord>("Tags", "minmax(10rem, 2fr)", (one) => list(tagged(one), " "), {
  cell: (model) => tagged(model).map((one) => <span class="tag">{one}</span>),
});

const LISTED: Column<ModelRecord>[] = [
  text("Model", "minmax(10rem, 2fr)", (model) => model.name, { order: "name" }),
  number("Version", "5rem", (model) => model.version, { order: "version" }),
  created,
  text("Framework", "7rem", (one) => `${one.framework} ${one.framework_version}`.trim() || null, {
    order: "framework",
  }),
  text("Experiment", "minmax(7rem, 1fr)", (model) => model.experiment, { order: "experiment" }),
  stage,
  aliases,
  bytes,
  tags,
];

type VersionsProps = { workspace: string; name: string; models: ModelRecord[] };

function Versions({ workspace, name, models }: VersionsProps) {
  const [selected, setSelected] = useState(new Set<string>());
  const named = useCall("registered_models.get", { workspace, name });
  const ids = [...new Set(models.map((model) => model.run).filter((id) => id !== null))];
  const runs = useResource(ids.length ? `runs ${ids.join(",")}` : null, (signal) =>
    runsOf(workspace, ids, signal),
  );
  const of = (model: ModelRecord) => runs.data?.get(model.run ?? "");
  const metrics = [
    ...new Set(models.flatMap((model) => Object.keys(of(model)?.metrics ?? {}))),
  ].slice(0, METRICS);
  const columns: Column<ModelRecord>[] = [
    text("Version", "6rem", (model) => model.version, { order: "version" }),
    created,
    text("Run", "minmax(7rem, 1fr)", (model) => model.run, {
      order: "experiment",
      cell: (one) =>
        one.run
          ? link(`${one.experiment} ${of(one)?.number ?? ""}`, "runs", workspace, one.run)
          : "–",
    }),
    ...metrics.map((metric) =>
      number<ModelRecord>(metric, "minmax(6rem, 1fr)", (model) => of(model)?.metrics?.[metric], {
        name: `metrics.${metric}`,
      }),
    ),
    stage,
    aliases,
    bytes,
    tags,
  ];
  const chosen = [...selected]
    .map((id) => Number(id.slice(id.lastIndexOf(":") + 1)))
    .sort((left, right) => left - right);
  const [from, until] = [String(chosen[0]), String(chosen.at(-1))];
  const compare = () => go(to(["models", workspace, name, "diff"], { from, to: until }));
  return (
    <div class="stack">
      {named.data && (
        <Written
          name="Description"
          text={named.data.description}
          empty="Add a description of this model"
          save={(description) =>
            call("registered_models.change", { workspace, name }, { body: { description } }).then(
              named.refresh,
            )
          }
        />
      )}
      <Table
        label={`Versions of ${name}`}
        noun="version"
        sort="order"
        order="version desc"
        served
        columns={columns}
        rows={models}
        href={(model) => to(["models", workspace, name, String(model.version)])}
        selected={selected}
        onSelect={setSelected}
        foot="; select two to compare them"
        command={`runyard models list --name ${name}`}
      />
      {chosen.length > 1 && (
        <div class="bar">
          <Button kind="main" act={compare}>
            Compare {from} with {until}
          </Button>
        </div>
      )}
      <Changes workspace={workspace} model={name} />
      <details class="use">
        <summary>From a script</summary>
        <Code
          text={`from runyard import Model, Workspace\n\nModel.list(Workspace.from_config(), name="${name}")`}
        />
      </details>
    </div>
  );
}
