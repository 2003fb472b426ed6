// The code that a run was given: its files, and what differs from the code of another run.
import { useState } from "preact/hooks";
import { param, to } from "../../address";
import { ask, call, url } from "../../api";
import type { FileEntry, RunRecord, RunSpec } from "../../protocol";
import { useResource } from "../../resource";
import { bytes, counted, runName } from "../../texts";
import { Card } from "../../ui/bits";
import { Diff, Differing } from "../../ui/diff";
import { Files } from "../../ui/files";
import { Empty, Loaded } from "../../ui/states";
import type { TabProps } from "../run";
import { Other, Pick, useAgainst } from "./against";

const MOST_BYTES = 512 * 1024;
const OPENED = 12;

export default function Code({ workspace, run, rest }: TabProps) {
  const code = useResource(`code ${workspace} ${run.snapshot}`, (signal) => filesOf(run, signal));
  const other = useAgainst(run);
  if (!run.snapshot)
    return (
      <Empty title="No code was kept">
        An interactive run has none, unless it is given with snapshot_directory.
      </Empty>
    );
  const href = (path: string) => to(["runs", workspace, run.id, "code", ...path.split("/")]);
  return (
    <>
      <div class="search tools">
        <Pick run={run} none="Compare the code with …" />
        {other.data && <Other run={other.data} />}
        {other.data === null && param("against") && <span class="faint">There is none.</span>}
      </div>
      {param("against") ? (
        <Loaded of={other} lines={8}>
          {(found) => found && <Changes run={run} other={found} />}
        </Loaded>
      ) : (
        <Loaded of={code} lines={8}>
          {(files) => (
            <Files
              files={files}
              label="Code"
              open={rest || (files.find((file) => file.path === param("script"))?.path ?? "")}
              address={(path) => content(workspace, files, path)}
              href={href}
            />
          )}
        </Loaded>
      )}
    </>
  );
}

async function filesOf({ workspace, snapshot }: RunRecord, signal: AbortSignal) {
  if (!snapshot) return [];
  return (await call("snapshots.get", { workspace, snapshot }, { signal })).files;
}

function content(workspace: string, files: FileEntry[], path: string): string {
  const digest = files.find((file) => file.path === path)?.digest ?? "";
  return url("blobs.read", { workspace, digest });
}

/** What differs between what two runs were given: files by content, and what was asked for. */
function Changes({ run, other }: Record<"run" | "other", RunRecord>) {
  const given = async (one: RunRecord, signal: AbortSignal) => {
    const asked = call("runs.spec", { workspace: one.workspace, run: one.id }, { signal });
    return { facts: facts(await asked, one), files: await filesOf(one, signal) };
  };
  const both = useResource(`changes ${run.id} ${other.id}`, (signal) =>
    Promise.all([given(other, signal), given(run, signal)]),
  );
  return (
    <Loaded of={both} lines={8}>
      {([left, right]) => (
        <div class="stack">
          <Card title="Arguments and parameters">
            <Differing
              left={left.facts}
              right={right.facts}
              names={[runName(other), runName(run)]}
            />
          </Card>
          <ChangedFiles workspace={run.workspace} before={left.files} after={right.files} />
        </div>
      )}
    </Loaded>
  );
}

/** What a run was asked to be, as texts by name. */
export function facts(spec: RunSpec, run: RunRecord): Record<string, string> {
  const found: Record<string, string> = {
    script: spec.script || spec.command.join(" "),
    arguments: spec.arguments.join(" "),
    target: spec.target,
    nodes: String(spec.node_count),
    launcher: spec.launcher.kind,
    "environment lock": run.environment_lock ?? "–",
  };
  for (const [name, value] of Object.entries(run.params)) found[`params.${name}`] = value;
  for (const [name, value] of Object.entries(spec.environment_variables)) found[`$${name}`] = value;
  for (const one of spec.data) found[`data.${one.name}`] = `${one.datastore}/${one.path}`;
  return found;
}

interface Changed {
  path: string;
  left: FileEntry | undefined;
  right: FileEntry | undefined;
}

type Both = Record<"before" | "after", FileEntry[]> & { workspace: string };

function ChangedFiles({ workspace, before, after }: Both) {
  const left = new Map(before.map((file) => [file.path, file]));
  const right = new Map(after.map((file) => [file.path, file]));
  const changed: Changed[] = [...new Set([...left.keys(), ...right.keys()])]
    .sort()
    .map((path) => ({ path, left: left.get(path), right: right.get(path) }))
    .filter((one) => one.left?.digest !== one.right?.digest);
  if (!changed.length)
    return <p class="faint">The code is the same: {counted(after.length, "file")}.</p>;
  return (
    <>
      <p class="faint">
        {counted(changed.length, "file")} of {right.size} differ.
      </p>
      {changed.map((one, place) => (
        <ChangedFile key={one.path} workspace={workspace} of={one} first={place < OPENED} />
      ))}
    </>
  );
}

function ChangedFile({ workspace, of, first }: { workspace: string; of: Changed; first: boolean }) {
  const [open, setOpen] = useState(first);
  const what = !of.left ? "added" : !of.right ? "removed" : "changed";
  return (
    <details class="card changed" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        <b>{of.path}</b>{" "}
        <span class={what === "added" ? "come" : what === "removed" ? "gone" : "faint"}>
          {what}
        </span>
        <small>{bytes((of.right ?? of.left)?.size ?? 0)}</small>
      </summary>
      {open && <Texts workspace={workspace} of={of} />}
    </details>
  );
}

function Texts({ workspace, of }: { workspace: string; of: Changed }) {
  const both = useResource(`texts ${of.left?.digest} ${of.right?.digest}`, (signal) =>
    Promise.all([of.left, of.right].map((file) => read(workspace, file, signal))),
  );
  return (
    <Loaded of={both}>
      {([left, right]) =>
        left === undefined || right === undefined ? (
          <p class="faint">It is no text, or is too large to be compared here.</p>
        ) : (
          <Diff left={left} right={right} />
        )
      }
    </Loaded>
  );
}

async function read(
  workspace: string,
  file: FileEntry | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!file?.size) return "";
  if (file.size > MOST_BYTES) return undefined;
  const address = url("blobs.read", { workspace, digest: file.digest });
  const answer = await ask(address, { signal, credentials: "same-origin" });
  const text = await answer.text();
  return text.includes("\0") ? undefined : text;
}
