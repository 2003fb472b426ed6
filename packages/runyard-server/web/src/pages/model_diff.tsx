// What differs between two versions of a model: results, settings, environment, code and files.
import { param, setParams, to } from "../address";
import { ask, call, url } from "../api";
import type { FileEntry, ModelRecord, RunRecord } from "../protocol";
import { useAll, useResource } from "../resource";
import { quoted } from "../search";
import { bytes } from "../texts";
import { Button, Card, Head } from "../ui/bits";
import { Differing } from "../ui/diff";
import { Check, Choice } from "../ui/fields";
import { packages, signature } from "../ui/reading";
import { Empty, Loaded } from "../ui/states";
import { runsOf } from "./runs/rows";

interface Side {
  model: ModelRecord;
  run: RunRecord | undefined;
  packages: Record<string, string>;
  code: FileEntry[];
  signature: Record<string, string>;
}

async function side(workspace: string, id: string, signal: AbortSignal): Promise<Side> {
  const model = await call("models.get", { workspace, model: id }, { signal });
  const run = model.run ? (await runsOf(workspace, [model.run], signal)).get(model.run) : undefined;
  // A version may be older than what is kept of its run: then less can be compared.
  const none = () => undefined;
  const lock = run?.environment_lock;
  const snapshot = run?.snapshot;
  const digest = model.files.find((file) => /(^|\/)MLmodel$/.test(file.path))?.digest;
  const text = async (address: string) => (await ask(address, { signal })).text();
  const [environment, code, told] = await Promise.all([
    lock && call("environments.lock", { workspace, lock }, { signal }).catch(none),
    snapshot && call("snapshots.get", { workspace, snapshot }, { signal }).catch(none),
    digest && text(url("blobs.read", { workspace, digest })).catch(none),
  ]);
  return {
    model,
    run,
    packages: environment
      ? { Python: environment.python, ...packages(environment.requirements) }
      : {},
    code: code ? code.files : [],
    signature: signature(told ?? ""),
  };
}

export default function ModelDiff({ workspace, name }: { workspace: string; name: string }) {
  const body = { filter: `name = ${quoted(name)}`, order_by: ["version desc"], page_size: 1000 };
  const versions = useAll("models.search", { workspace }, { body });
  const there = versions.data?.map((model) => String(model.version)) ?? [];
  const later = param("to", there[0]);
  const former = param("from", there[1] ?? there[0]);
  const sides = useResource(
    former && later ? `${workspace} ${name} ${former} ${later}` : null,
    (signal) =>
      Promise.all([
        side(workspace, `${name}:${former}`, signal),
        side(workspace, `${name}:${later}`, signal),
      ]),
  );
  const choose = (label: string, key: string, value: string) => (
    <Choice
      label={label}
      name={key}
      value={value}
      push
      of={[...new Set([...there, value])].map((one) => [one, `version ${one}`])}
    />
  );
  return (
    <>
      <Head
        title={`${name}: what differs`}
        trail={[
          ["Models", to(["models", workspace])],
          [name, to(["models", workspace, name])],
        ]}
      />
      <div class="search tools">
        {choose("From", "from", former)}
        <Button
          kind="quiet"
          aria-label="Swap"
          act={() => setParams({ from: later, to: former }, true)}
        >
          ⇄
        </Button>
        {choose("To", "to", later)}
        <Check name="same">also what is the same</Check>
      </div>
      <Loaded of={sides} lines={12}>
        {([one, other]) => <Differences one={one} other={other} />}
      </Loaded>
    </>
  );
}

/** Files by their paths: what they are is told by size and digest. */
const inText = (files: FileEntry[]) =>
  Object.fromEntries(
    files.map((file) => [file.path, `${bytes(file.size)} · ${file.digest.slice(0, 12)}`]),
  );

function Differences({ one, other }: { one: Side; other: Side }) {
  const parts: [string, (of: Side) => Record<string, unknown>][] = [
    ["Metrics", (of) => of.run?.metrics ?? {}],
    ["Parameters", (of) => of.run?.params ?? {}],
    ["Signature", (of) => of.signature],
    ["Environment", (of) => of.packages],
    ["Code", (of) => inText(of.code)],
    ["Files", (of) => inText(of.model.files)],
    ["Tags", (of) => of.model.tags],
  ];
  const known = parts.filter(([, of]) => Object.keys({ ...of(one), ...of(other) }).length);
  if (!known.length)
    return <Empty title="Nothing to compare">Neither version has a run or a file.</Empty>;
  return (
    <div class="stack">
      {known.map(([title, of]) => (
        <Card key={title} title={title}>
          <Differing
            label={title}
            left={of(one)}
            right={of(other)}
            names={[`version ${one.model.version}`, `version ${other.model.version}`]}
            same={param("same") === "1"}
          />
        </Card>
      ))}
    </div>
  );
}
