// One version of a model: where it comes from, what it measured, its files, and how it is used.
import { go, to } from "../address";
import { call, url } from "../api";
import { useLive } from "../live";
import { type Act, Acts } from "../palette";
import type { ModelRecord } from "../protocol";
import { useCall, useResource } from "../resource";
import { bytes } from "../texts";
import { Ago, Card, Copy, FactCard, Facts, Figures, Head, told } from "../ui/bits";
import { Files } from "../ui/files";
import { discard } from "../ui/discard";
import { type Part, PartTabs, partOf } from "../ui/parts";
import { Code, Empty, Loaded } from "../ui/states";
import { EditTags, asTexts } from "../ui/tags";
import { Lineage } from "./model/lineage";
import { Changes, Standing, Verify } from "./model/registry";
import { runsOf } from "./runs/rows";

type ModelProps = { workspace: string; name: string; version: string; tab?: string; rest?: string };

export default function Model({ workspace, name, version, tab = "", rest = "" }: ModelProps) {
  const id = `${name}:${version}`;
  const model = useCall("models.get", { workspace, model: id });
  useLive(workspace, [`model:${id}`], model.refresh);
  const here = to(["models", workspace, name, version]);
  const before = Number(version) - 1;
  const remove = () =>
    void discard(workspace, "model", [id], () => go(to(["models", workspace, name])));
  const parts: Record<string, Part<ModelRecord>> = {
    "": ["Overview", (one) => <Overview {...{ workspace }} model={one} refresh={model.refresh} />],
    files: ["Files", (one) => <ModelFiles workspace={workspace} model={one} open={rest} />],
    use: ["Use it", (one) => <Use model={one} />],
  };
  const acts: Act[] = [
    ["Copy the id of this model", () => void navigator.clipboard.writeText(id)],
    ["All versions of this model", () => go(to(["models", workspace, name]))],
    ["Delete this version", remove, "Delete", "danger"],
  ];
  return (
    <>
      <Head
        name={`${name} ${version}`}
        title={name}
        beside={<small>version {version}</small>}
        trail={[
          ["Models", to(["models", workspace])],
          [name, to(["models", workspace, name])],
        ]}
      >
        {before > 0 && (
          <a
            class="button"
            href={to(["models", workspace, name, "diff"], { from: String(before), to: version })}
          >
            Compare with {before}
          </a>
        )}
        <Copy text={id}>Copy id</Copy>
        <Acts hint="model" of={acts} />
      </Head>
      <PartTabs here={here} of={parts} />
      <Loaded of={model} lines={10}>
        {partOf(parts, tab, "A model")}
      </Loaded>
    </>
  );
}

type PartProps = { workspace: string; model: ModelRecord };

function Overview({ workspace, model, refresh }: PartProps & { refresh: () => void }) {
  const change = (body: { tags?: Record<string, string>; removed_tags?: string[] }) =>
    told(call("models.change", { workspace, model: model.id }, { body }), refresh);
  return (
    <div class="stack">
      {model.description && <p>{model.description}</p>}
      <Lineage workspace={workspace} model={model} />
      <div class="cards">
        <Card title="Model">
          <Facts
            of={[
              ["Registered", <Ago time={model.created_at} />],
              ["Size", `${bytes(model.size)} in ${model.file_count}`],
              ["Path", <code>{model.path}</code>],
              ["Framework", `${model.framework} ${model.framework_version}`.trim() || "–"],
              ["By", model.created_by || false],
              ["Served with", wishes(model) || false],
            ]}
          />
        </Card>
        <Standing {...{ workspace, model, refresh }} />
        <Card title="Tags">
          <EditTags
            tags={model.tags}
            change={(tags, removed_tags) => change({ tags: asTexts(tags), removed_tags })}
          />
        </Card>
        {model.run && <Measured workspace={workspace} id={model.run} />}
        <FactCard title="Properties" of={model.properties} />
      </div>
      <Changes workspace={workspace} model={model.id} />
    </div>
  );
}

/** What it asks for where it is served. */
function wishes({ resources: { cpus, memory_gb, gpus } }: ModelRecord): string {
  const parts: [number | null, string][] = [
    [cpus, "CPUs"],
    [memory_gb, "GB"],
    [gpus, "GPUs"],
  ];
  return parts.flatMap(([count, unit]) => (count === null ? [] : `${count} ${unit}`)).join(", ");
}

/** What the run of a model measured, and with which parameters. */
function Measured({ workspace, id }: Record<"workspace" | "id", string>) {
  const found = useResource(`run ${id}`, (signal) => runsOf(workspace, [id], signal));
  const run = found.data?.get(id);
  const metrics = Object.entries(run?.metrics ?? {});
  const params = Object.entries(run?.params ?? {});
  return (
    <Card
      title="Metrics of its run"
      extra={<a href={to(["runs", workspace, id, "metrics"])}>Charts</a>}
    >
      {metrics.length === 0 && <p class="faint">None.</p>}
      <Figures of={metrics.slice(0, 12)} />
      {params.length > 0 && (
        <Facts of={params.slice(0, 20).map(([name, value]) => [name, <code>{value}</code>])} />
      )}
    </Card>
  );
}

function ModelFiles({ workspace, model, open }: PartProps & { open: string }) {
  if (model.files.length === 0) return <Empty title="No file">This version is empty.</Empty>;
  const digests = new Map(model.files.map((file) => [file.path, file.digest]));
  const first = model.files.length === 1 ? (model.files[0]?.path ?? "") : "";
  return (
    <>
      <Verify workspace={workspace} model={model} />
      <Files
        files={model.files}
        label="Files of the model"
        open={open || first}
        address={(path) => url("blobs.read", { workspace, digest: digests.get(path) ?? "" })}
        href={(path) =>
          to(["models", workspace, model.name, String(model.version), "files", ...path.split("/")])
        }
      />
    </>
  );
}

function Use({ model }: { model: ModelRecord }) {
  const name = JSON.stringify(model.name);
  const endpoint = model.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  const parts: [string, string][] = [
    [
      "Python",
      `from runyard import Model, Workspace\n\nmodel = Model(Workspace.from_config(), ${name}, version=${model.version})\nmodel.download(".")`,
    ],
    [
      "Serve it, in Python",
      `from runyard import Endpoint, Workspace\n\nendpoint = Endpoint.deploy(Workspace.from_config(), "${endpoint || "model"}", "${model.id}")\nendpoint.wait(show_output=True)`,
    ],
    [
      "Shell",
      `runyard models show ${model.id}\nrunyard models serve ${model.id}\nrunyard models package ${model.id}`,
    ],
    [
      "Azure ML SDK v1",
      `from azureml.core import Model, Workspace\n\nmodel = Model(Workspace.from_config(), ${name}, version=${model.version})\nmodel.download(target_dir=".")\n\n# In a scoring script:\npath = Model.get_model_path(${name}, version=${model.version})`,
    ],
  ];
  return (
    <div class="stack">
      {parts.map(([title, text]) => (
        <section key={title} class="group">
          <h2>{title}</h2>
          <Code text={text} />
        </section>
      ))}
    </div>
  );
}
