// Datasets: versions of data, the files that each meant, and the runs and models that used them.
import { go, to } from "../address";
import type { DatasetFile, DatasetReader, DatasetRecord } from "../protocol";
import { useAll, useCall } from "../resource";
import { bytes } from "../texts";
import { Ago, Card, Facts, Head } from "../ui/bits";
import { type Column, number, size, text, time } from "../ui/columns";
import { Choice } from "../ui/fields";
import { Empty, Loaded } from "../ui/states";
import { Listing } from "../ui/table";
import { short } from "./runs/inputs";

const COLUMNS: Column<DatasetRecord>[] = [
  text("Name", "minmax(12rem, 2fr)", (one) => one.name),
  number("Version", "5rem", (one) => one.version),
  text("Kind", "5rem", (one) => one.kind),
  number("Files", "5rem", (one) => one.file_count),
  size("Size", (one) => one.size),
  text("Digest", "12rem", (one) => short(one.digest)),
  time("Registered", (one) => one.created_at),
];

export default function List({ workspace }: { workspace: string }) {
  return (
    <>
      <Head title="Datasets" trail={[[workspace, to(["runs", workspace])]]} />
      <Listing
        of={useAll("datasets.list", { workspace })}
        noun="dataset"
        sort="order"
        columns={COLUMNS}
        id={(one) => one.name}
        href={(one) => to(["datasets", workspace, one.name])}
        command="runyard datasets list"
      >
        <Empty
          title="No dataset yet"
          code={`Dataset.File.from_files((store, "mnist")).register(workspace, "mnist")`}
        />
      </Listing>
    </>
  );
}

const FILES: Column<DatasetFile>[] = [
  text("File", "minmax(14rem, 3fr)", (one) => one.name),
  number("Size", "6rem", (one) => (one.size < 0 ? "–" : bytes(one.size))),
  text("Content", "12rem", (one) => one.digest.slice(0, 12)),
];

const READERS: Column<DatasetReader>[] = [
  text("Run or model", "minmax(14rem, 3fr)", (one) => one.id),
  text("As", "8rem", (one) => one.use),
  text("Digest", "12rem", (one) => short(one.digest)),
];

type OneProps = { workspace: string; name: string; version?: string };

export function One({ workspace, name, version }: OneProps) {
  const segments = { workspace, dataset: version ? `${name}:${version}` : name };
  const found = useCall("datasets.get", segments);
  const files = useAll("datasets.files", segments);
  const readers = useCall("datasets.readers", segments);
  const versions = useAll("datasets.list", { workspace }, { query: { name } });
  const known = (versions.data ?? []).map((one) => String(one.version));
  return (
    <>
      <Head title={name} trail={[["Datasets", to(["datasets", workspace])]]}>
        <Choice
          label="Version"
          of={known}
          value={version ?? known[0] ?? ""}
          onPick={(next) => go(to(["datasets", workspace, name, next]))}
        />
      </Head>
      <Loaded of={found} lines={8}>
        {(one) => (
          <div class="stack">
            <Card title={`Version ${one.version}`}>
              <Facts
                of={[
                  ["Reads", sources(one)],
                  ["Digest", one.digest],
                  ["Description", one.description || "–"],
                  ["Registered", <Ago time={one.created_at} />],
                  ["By", one.run || one.created_by || "–"],
                ]}
              />
            </Card>
            <Card wide title="Files">
              <Listing
                of={files}
                label="Files"
                noun="file"
                columns={FILES}
                id={(each) => each.name}
                href={({ url, datastore, path }) =>
                  url || to(["datastores", workspace, datastore, ...path.split("/")])
                }
              >
                It has no files.
              </Listing>
            </Card>
            <Card wide title="Runs and models">
              <Listing
                of={readers.data?.items ?? []}
                label="Runs and models"
                noun="run"
                columns={READERS}
                id={(each) => `${each.kind} ${each.id} ${each.use}`}
                href={({ kind, id }) => to([`${kind}s`, workspace, ...id.split(":")])}
              >
                Nothing has used it yet.
              </Listing>
            </Card>
          </div>
        )}
      </Loaded>
    </>
  );
}

type Source = { url?: string; datastore?: string; path?: string };

const sources = (one: DatasetRecord) =>
  (one.definition.sources as Source[])
    .map((each) => each.url ?? `${each.datastore}:${each.path || "/"}`)
    .join(", ");
