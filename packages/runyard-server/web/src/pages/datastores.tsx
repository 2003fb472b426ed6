// Datastores: their files with previews, and files put there by dropping them.
import "./infra.css";
import { useRef, useState } from "preact/hooks";
import { param, to } from "../address";
import { Refused, call, url } from "../api";
import type { DatastoreRecord } from "../protocol";
import { useAll } from "../resource";
import { bytes, counted } from "../texts";
import { Button, Card, Copy, Head } from "../ui/bits";
import { type Column, text } from "../ui/columns";
import { useDrop } from "../ui/drop";
import { Files } from "../ui/files";
import { Code, Empty, Loaded } from "../ui/states";
import { Listing } from "../ui/table";

const COLUMNS: Column<DatastoreRecord>[] = [
  text("Name", "minmax(12rem, 2fr)", (one) => one.name),
  text("Type", "8rem", (one) => one.datastore_type),
  text("Container", "minmax(12rem, 2fr)", (one) =>
    [one.container_name, one.prefix].filter(Boolean).join("/"),
  ),
  text("Default", "5rem", (one) => (one.is_default ? "yes" : "")),
];

export default function List({ workspace }: { workspace: string }) {
  return (
    <>
      <Head title="Datastores" trail={[[workspace, to(["runs", workspace])]]} />
      <Listing
        of={useAll("datastores.list", { workspace })}
        noun="datastore"
        sort="order"
        columns={COLUMNS}
        id={(one) => one.name}
        href={(one) => to(["datastores", workspace, one.name])}
        command="runyard datastores list"
      >
        <Empty title="No datastore" />
      </Listing>
    </>
  );
}

const MOST = 10_000;

type OneProps = { workspace: string; name: string; rest?: string };

export function One({ workspace, name, rest: open = "" }: OneProps) {
  const segments = { workspace, datastore: name };
  const query = { page_size: 1000 };
  const files = useAll("datastores.files", segments, { query }, { most: MOST });
  const folder = param("in", open.slice(0, open.lastIndexOf("/") + 1));
  const target = open || folder;
  const code = [
    `data = workspace.datastores["${name}"].path(${target && JSON.stringify(target)})`,
    `config = ScriptRunConfig(`,
    `    source_directory=".", script="train.py", arguments=["--data", data.as_mount()]`,
    `)`,
  ].join("\n");
  return (
    <>
      <Head
        title={name}
        name={open || name}
        trail={[["Datastores", to(["datastores", workspace])]]}
      >
        <Copy text={target || "/"}>Copy path</Copy>
      </Head>
      <div class="stack">
        <Upload workspace={workspace} name={name} folder={folder} done={files.refresh} />
        <Loaded of={files} lines={10}>
          {(found) =>
            found.length ? (
              <>
                <Files
                  files={found}
                  label={`Files on ${name}`}
                  open={open}
                  address={(path) => url("datastores.read", { ...segments, path })}
                  archive={(folder) => url("datastores.archive", segments, { folder })}
                  href={(path) => to(["datastores", workspace, name, ...path.split("/")])}
                />
                {found.length >= MOST && (
                  <p class="faint">
                    The first {counted(MOST, "file")}: <code>runyard datastores files</code> lists
                    all.
                  </p>
                )}
                <Card title="Use it as input">
                  <Code text={code} />
                </Card>
              </>
            ) : (
              <Empty title="No file yet" code={FIRST.replace("NAME", name)}>
                Drop files above, or upload a folder from a script.
              </Empty>
            )
          }
        </Loaded>
      </div>
    </>
  );
}

const FIRST = `workspace.datastores["NAME"].upload("data", target_path="mnist")`;

/** What is sent at once: so much is sent again, at most, where the line broke. */
const PART = 8 * 1024 * 1024;

interface Sent {
  name: string;
  size: number;
  done: number;
  error?: string;
  /** What may be done about the error, and what its button says. */
  again?: [string, () => void];
}

type UploadProps = { workspace: string; name: string; folder: string; done: () => void };

function Upload({ workspace, name, folder, done }: UploadProps) {
  const [sent, setSent] = useState<Record<string, Sent>>({});
  const input = useRef<HTMLInputElement>(null);
  const send = async (file: File, overwrite: boolean) => {
    const path = folder + file.name;
    const segments = { workspace, datastore: name, path };
    const tell = (change: Partial<Sent>) =>
      setSent((old) => {
        const before = old[path] ?? { name: path, size: file.size, done: 0 };
        return { ...old, [path]: { ...before, ...change } };
      });
    tell({ done: 0, error: "", size: file.size });
    const whole = { overwrite, size: file.size, version: String(file.lastModified) };
    let at = 0;
    try {
      do {
        const query = file.size > PART ? { ...whole, offset: at } : { overwrite };
        const body = file.slice(at, at + PART);
        // The service tells how much it has: what came before the line broke is not sent again.
        at = (await call("datastores.write", segments, { query, body })).size;
        tell({ done: at });
      } while (at < file.size);
      tell({ done: file.size || 1 });
    } catch (failed) {
      const taken = failed instanceof Refused && failed.code === "already_exists";
      tell({
        error: taken ? "is there" : (failed as Error).message,
        again: taken
          ? ["Replace it", () => void send(file, true).then(done)]
          : ["Go on", () => void send(file, overwrite).then(done)],
      });
    }
  };
  // One after the other: all share one disk and one line.
  const take = async (files: FileList | null | undefined) => {
    for (const file of [...(files ?? [])]) await send(file, false);
    done();
  };
  const { over, listens } = useDrop((files) => void take(files));
  return (
    <section class={`dropzone ${over}`} aria-label="Upload" {...listens}>
      <p>
        <Button act={() => input.current?.click()}>Upload files</Button>
        <span class="faint">or drop them here, into {folder || "the top folder"}</span>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label="Files to upload"
          onChange={(event) => void take(event.currentTarget.files)}
        />
      </p>
      <ul class="list">
        {Object.values(sent).map((one) => (
          <li key={one.name}>
            <span>{one.name}</span>
            {one.error ? (
              <span class="wrong">{one.error}</span>
            ) : (
              <progress max={one.size || 1} value={one.done} aria-label={one.name} />
            )}
            {one.error && one.again && (
              <Button kind="quiet" act={one.again[1]}>
                {one.again[0]}
              </Button>
            )}
            <small>
              {bytes(Math.min(one.done, one.size))} of {bytes(one.size)}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}
