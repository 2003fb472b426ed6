// Datastores: their files with previews, and files put there by dropping them.
import "./infra.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { param, to } from "../address";
import { all, call, url } from "../api";
import type { DatastoreRecord } from "../protocol";
import { useResource } from "../resource";
import { bytes, counted } from "../texts";
import { Card, Copy, Head } from "../ui/bits";
import { Files } from "../ui/files";
import { Code, Empty, Loaded } from "../ui/states";
import { Table, type Column } from "../ui/table";

interface DatastoresProps {
  workspace: string;
  name?: string;
  rest?: string;
}

export default function Datastores({ workspace, name, rest = "" }: DatastoresProps) {
  return name === undefined ? (
    <List workspace={workspace} />
  ) : (
    <One workspace={workspace} name={name} open={rest} />
  );
}

function List({ workspace }: { workspace: string }) {
  useEffect(() => {
    document.title = `Datastores · ${workspace}`;
  }, [workspace]);
  const found = useResource(`datastores ${workspace}`, (signal) =>
    call("datastores.list", { workspace }, { signal }),
  );
  const columns: Column<DatastoreRecord>[] = [
    { name: "name", title: "Name", width: "minmax(12rem, 2fr)", cell: (one) => one.name },
    { name: "type", title: "Type", width: "8rem", cell: (one) => one.datastore_type },
    {
      name: "where",
      title: "Container",
      width: "minmax(12rem, 2fr)",
      cell: (one) => one.container_name,
    },
    {
      name: "default",
      title: "Default",
      width: "5rem",
      cell: (one) => (one.is_default ? "yes" : ""),
    },
  ];
  return (
    <>
      <Head title="Datastores" trail={[[workspace, `/runs/${workspace}`]]} />
      <Loaded of={found}>
        {({ items }) => (
          <Table
            label="Datastores"
            columns={columns}
            rows={items}
            id={(one) => one.name}
            href={(one) => to(["datastores", workspace, one.name])}
          />
        )}
      </Loaded>
    </>
  );
}

const MOST = 10_000;

function One({ workspace, name, open }: { workspace: string; name: string; open: string }) {
  useEffect(() => {
    document.title = `${open || name} · Datastores`;
  }, [name, open]);
  const segments = { workspace, datastore: name };
  const files = useResource(`files of ${workspace} ${name}`, (signal) =>
    all(
      (token) =>
        call("datastores.files", segments, {
          query: { prefix: "", page_size: 1000, page_token: token },
          signal,
        }),
      MOST,
    ),
  );
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
      <Head title={name} trail={[["Datastores", to(["datastores", workspace])]]}>
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

interface Sent {
  name: string;
  size: number;
  done: number;
  error?: string;
  /** One is there already: sends this in its place. */
  replace?: () => void;
}

interface UploadProps {
  workspace: string;
  name: string;
  folder: string;
  done: () => void;
}

function Upload({ workspace, name, folder, done }: UploadProps) {
  const [sent, setSent] = useState<Record<string, Sent>>({});
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const send = async (file: File, overwrite: boolean) => {
    const path = folder + file.name;
    const tell = (change: Partial<Sent>) =>
      setSent((old) => ({
        ...old,
        [path]: {
          name: path,
          size: file.size,
          done: 0,
          ...(overwrite ? {} : old[path]),
          ...change,
        },
      }));
    tell({ done: 0 });
    const address = url("datastores.write", { workspace, datastore: name, path }, { overwrite });
    const [status, message] = await put(address, file, (count) => tell({ done: count }));
    if (status < 300) tell({ done: file.size });
    else if (status === 409)
      tell({ error: "is there", replace: () => void send(file, true).then(done) });
    else tell({ error: message });
  };
  // One after the other: all share one disk and one line.
  const take = async (files: FileList | null | undefined) => {
    for (const file of [...(files ?? [])]) await send(file, false);
    done();
  };
  return (
    <section
      class={`dropzone ${over ? "over" : ""}`}
      aria-label="Upload"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer?.files);
      }}
    >
      <p>
        <button type="button" onClick={() => input.current?.click()}>
          Upload files
        </button>
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
              <progress
                max={one.size || 1}
                value={one.done || (one.size ? 0 : 1)}
                aria-label={one.name}
              />
            )}
            {one.replace && (
              <button type="button" class="quiet" onClick={one.replace}>
                Replace it
              </button>
            )}
            <small>
              {bytes(one.done)} of {bytes(one.size)}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Send a file; `fetch` cannot tell how much of it has gone. */
function put(
  address: string,
  file: File,
  tell: (count: number) => void,
): Promise<[number, string]> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => tell(event.loaded);
    request.onload = () => resolve([request.status, reason(request.responseText)]);
    request.onerror = () => resolve([599, "the service does not answer"]);
    request.send(file);
  });
}

function reason(text: string): string {
  try {
    return (JSON.parse(text) as { error: { message: string } }).error.message;
  } catch {
    return "it was refused";
  }
}
