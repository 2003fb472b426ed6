// What differs between two versions of a model: results, settings, environment, code and files.
import { useEffect } from "preact/hooks";
import { param, setParams, to } from "../address";
import { all, call } from "../api";
import type { FileEntry, ModelRecord, RunRecord } from "../protocol";
import { useResource } from "../resource";
import { bytes, figure } from "../texts";
import { Card, Head } from "../ui/bits";
import { Empty, Loaded } from "../ui/states";
import { quoted, runsOf } from "./models";

interface Side {
  model: ModelRecord;
  run: RunRecord | undefined;
  packages: Record<string, string>;
  code: FileEntry[];
}

/** The packages of a lock's requirements with their versions. */
export function packagesOf(requirements: string): Record<string, string> {
  const found = requirements.matchAll(
    /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?:==|@)\s*([^\s;\\]+)/gm,
  );
  return Object.fromEntries([...found].map((one) => [one[1] ?? "", one[2] ?? ""]));
}

async function side(workspace: string, id: string, signal: AbortSignal): Promise<Side> {
  const model = await call("models.get", { workspace, model: id }, { signal });
  const run = model.run ? (await runsOf(workspace, [model.run], signal)).get(model.run) : undefined;
  // A version may be older than what is kept of its run: then less can be compared.
  const none = () => undefined;
  const [lock, code] = await Promise.all([
    run?.environment_lock
      ? call("environments.lock", { workspace, lock: run.environment_lock }, { signal }).catch(none)
      : undefined,
    run?.snapshot
      ? call("snapshots.get", { workspace, snapshot: run.snapshot }, { signal }).catch(none)
      : undefined,
  ]);
  const packages = lock ? { python: lock.python, ...packagesOf(lock.requirements) } : {};
  return { model, run, packages, code: code?.files ?? [] };
}

export default function ModelDiff({ workspace, name }: { workspace: string; name: string }) {
  const versions = useResource(`versions ${workspace} ${name}`, (signal) =>
    all((token) =>
      call(
        "models.search",
        { workspace },
        {
          body: {
            filter: `name = ${quoted(name)}`,
            order_by: ["version desc"],
            page_size: 1000,
            page_token: token,
          },
          signal,
        },
      ),
    ),
  );
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
  useEffect(() => {
    document.title = `${name} ${former} and ${later} · Models`;
  }, [name, former, later]);
  const choose = (label: string, key: string, value: string) => (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => setParams({ [key]: event.currentTarget.value }, true)}
    >
      {[...new Set([...there, value])].map((version) => (
        <option key={version} value={version}>
          version {version}
        </option>
      ))}
    </select>
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
        <button
          type="button"
          class="quiet"
          aria-label="Swap"
          onClick={() => setParams({ from: later, to: former }, true)}
        >
          ⇄
        </button>
        {choose("To", "to", later)}
        <label>
          <input
            type="checkbox"
            checked={param("same") === "1"}
            onChange={(event) => setParams({ same: event.currentTarget.checked ? "1" : "" })}
          />
          also what is the same
        </label>
      </div>
      <Loaded of={sides} lines={12}>
        {([one, other]) => <Differences one={one} other={other} />}
      </Loaded>
    </>
  );
}

type Row = [name: string, one: string | undefined, other: string | undefined, note?: string];

/** The names of both sides with what each has of it. */
export function rowsOf(
  one: Record<string, unknown>,
  other: Record<string, unknown>,
  shown: (value: unknown) => string = String,
): Row[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return names.map((name) => {
    const [left, right] = [one[name], other[name]];
    const both = typeof left === "number" && typeof right === "number";
    const change = both && left !== right ? right - left : undefined;
    return [
      name,
      left === undefined ? undefined : shown(left),
      right === undefined ? undefined : shown(right),
      ...(change === undefined ? [] : ([`${change > 0 ? "+" : ""}${figure(change)}`] as const)),
    ] as Row;
  });
}

function filesOf(one: FileEntry[], other: FileEntry[]): Row[] {
  const text = (files: FileEntry[]) =>
    Object.fromEntries(
      files.map((file) => [file.path, `${bytes(file.size)} · ${file.digest.slice(0, 12)}`]),
    );
  return rowsOf(text(one), text(other));
}

function Differences({ one, other }: { one: Side; other: Side }) {
  const parts: [string, Row[]][] = [
    ["Metrics", rowsOf(one.run?.metrics ?? {}, other.run?.metrics ?? {}, figure)],
    ["Parameters", rowsOf(one.run?.params ?? {}, other.run?.params ?? {})],
    ["Environment", rowsOf(one.packages, other.packages)],
    ["Code", filesOf(one.code, other.code)],
    ["Files", filesOf(one.model.files, other.model.files)],
    ["Tags", rowsOf(one.model.tags, other.model.tags)],
  ];
  const known = parts.filter(([, rows]) => rows.length);
  if (!known.length)
    return <Empty title="Nothing to compare">Neither version has a run or a file.</Empty>;
  return (
    <div class="stack">
      {known.map(([title, rows]) => (
        <Part key={title} title={title} rows={rows} one={one.model} other={other.model} />
      ))}
    </div>
  );
}

interface PartProps {
  title: string;
  rows: Row[];
  one: ModelRecord;
  other: ModelRecord;
}

function Part({ title, rows, one, other }: PartProps) {
  const differing = rows.filter(([, left, right]) => left !== right);
  const shown = param("same") === "1" ? rows : differing;
  const same = rows.length - differing.length;
  return (
    <Card
      title={title}
      extra={<small>{differing.length ? (same ? `${same} the same` : "") : "the same"}</small>}
    >
      {shown.length > 0 && (
        <div class="diff" tabIndex={0} role="group" aria-label={title}>
          <table class="plain">
            <thead>
              <tr>
                <th>Name</th>
                <th>version {one.version}</th>
                <th>version {other.version}</th>
                <th>Change</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(([name, left, right, note]) => (
                <tr key={name}>
                  <td>
                    <code>{name}</code>
                  </td>
                  <td class={right === undefined ? "gone" : "faint"}>{left ?? "–"}</td>
                  <td class={left === undefined ? "come" : ""}>{right ?? "–"}</td>
                  <td class="faint number">{note}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
