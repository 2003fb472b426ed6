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
import { inputsOf } from "../runs/inputs";
import { COMMIT, Other, PickRun, useAgainst } from "./against";
import { type Patch, before, uncommitted } from "./patches";

const MOST_BYTES = 512 * 1024;
const OPENED = 12;

export default function Code({ workspace, run, rest }: TabProps) {
  const code = useResource(`code ${workspace} ${run.snapshot}`, (signal) => filesOf(run, signal));
  const other = useAgainst(run);
  const against = param("against");
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
        <PickRun run={run} none="Compare the code with …" commit />
        {other.data && <Other run={other.data} />}
        {other.data === null && against && against !== COMMIT && (
          <span class="faint">There is none.</span>
        )}
        <Committed run={run} />
      </div>
      {against === COMMIT ? (
        <Loaded of={code} lines={8}>
          {(files) => <Uncommitted run={run} files={files} />}
        </Loaded>
      ) : against ? (
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
    const { spec, inputs } = await inputsOf(one, signal);
    return { facts: facts(spec, one, inputs), files: await filesOf(one, signal) };
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
function facts(spec: RunSpec, run: RunRecord, inputs: Record<string, string>) {
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
  for (const [name, place] of Object.entries(inputs)) found[`data.${name}`] = place;
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
      {changed.map(({ path, left: old, right: fresh }, place) => (
        <ChangedFile
          key={`${path} ${old?.digest} ${fresh?.digest}`}
          path={path}
          what={!old ? "added" : !fresh ? "removed" : "changed"}
          size={(fresh ?? old)?.size}
          first={place < OPENED}
          load={(signal) => Promise.all([old, fresh].map((file) => read(workspace, file, signal)))}
        />
      ))}
    </>
  );
}

/** Which commit the code was, as its client told. */
function Committed({ run }: { run: RunRecord }) {
  const { "azureml.git.commit": commit, "azureml.git.branch": branch } = run.properties;
  if (!commit) return null;
  const dirty = run.properties["azureml.git.dirty"] === "True";
  return (
    <span class="faint">
      Commit <code title={commit}>{commit.slice(0, 12)}</code>
      {branch && ` of ${branch}`}
      {dirty && ", changed since"}
    </span>
  );
}

/** What the code was more than its commit. */
function Uncommitted({ run, files }: { run: RunRecord; files: FileEntry[] }) {
  const kept = useResource(`uncommitted ${run.id}`, (signal) => uncommitted(run, signal));
  const now = new Map(files.map((file) => [file.path, file]));
  const both = async (one: Patch, signal: AbortSignal) => {
    const text = await read(run.workspace, now.get(one.path), signal);
    return [before(one, text), text];
  };
  return (
    <Loaded
      of={kept}
      lines={8}
      none={<p class="faint">Nothing is known to differ from the commit.</p>}
    >
      {(patches) =>
        patches.map((one, place) => (
          <ChangedFile
            key={`${run.id} ${one.path}`}
            path={one.path}
            what={one.what}
            size={now.get(one.path)?.size}
            first={place < OPENED}
            load={(signal) => both(one, signal)}
          />
        ))
      }
    </Loaded>
  );
}

interface ChangedFileProps {
  path: string;
  what: string;
  size: number | undefined;
  first: boolean;
  /** Both texts; `undefined` for what is none. */
  load: (signal: AbortSignal) => Promise<(string | undefined)[]>;
}

function ChangedFile({ path, what, size = 0, first, load }: ChangedFileProps) {
  const [open, setOpen] = useState(first);
  return (
    <details class="card changed" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        <b>{path}</b>{" "}
        <span class={what === "removed" ? "gone" : what === "changed" ? "faint" : "come"}>
          {what}
        </span>
        <small>{bytes(size)}</small>
      </summary>
      {open && <Texts load={load} />}
    </details>
  );
}

function Texts({ load }: Pick<ChangedFileProps, "load">) {
  const both = useResource("", load);
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
