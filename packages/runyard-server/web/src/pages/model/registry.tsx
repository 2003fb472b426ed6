// What the registry knows of a model beside its files: stage, aliases, who changed what.
import { useState } from "preact/hooks";
import { call } from "../../api";
import { useLive } from "../../live";
import type { ModelChange, ModelCheck, ModelRecord } from "../../protocol";
import { useAll } from "../../resource";
import { bytes, counted } from "../../texts";
import { Button, Card, say, told } from "../../ui/bits";
import { type Column, text, time } from "../../ui/columns";
import { Choice } from "../../ui/fields";
import { Listing } from "../../ui/table";
import { EditTags } from "../../ui/tags";

const STAGES = ["None", "Staging", "Production", "Archived"];

interface PartProps {
  workspace: string;
  model: ModelRecord;
  refresh: () => void;
}

/** The stage and the aliases of a version, changed where they stand. */
export function Standing({ workspace, model, refresh }: PartProps) {
  const segments = { workspace, name: model.name };
  const move = (stage: string) =>
    void told(
      call("models.stage", { workspace, model: model.id }, { body: { stage } }),
      refresh,
      `Version ${model.version} is in ${stage}.`,
    );
  const rename = async (added: string[], removed: string[]) => {
    const body = { version: model.version };
    for (const alias of added)
      await call("registered_models.set_alias", { ...segments, alias }, { body });
    for (const alias of removed)
      await call("registered_models.delete_alias", { ...segments, alias });
  };
  return (
    <Card title="Stage and aliases">
      <div class="stack">
        <Choice label="Stage" value={model.stage} of={STAGES} onPick={move} />
        <EditTags
          what="alias"
          tags={Object.fromEntries(model.aliases.map((alias) => [alias, null]))}
          change={(added, removed) => told(rename(Object.keys(added), removed), refresh)}
        />
      </div>
    </Card>
  );
}

const COLUMNS: Column<ModelChange>[] = [
  time("When", (one) => one.time),
  text("Who", "8rem", (one) => one.actor || null),
  text("What", "12rem", (one) => one.action),
  text("Version", "5rem", (one) => one.version),
  text("More", "minmax(12rem, 3fr)", (one) =>
    Object.entries(one.details)
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
  ),
];

/** Who changed what of a model, `name`, or of a version, `name:version`. */
export function Changes({ workspace, model }: { workspace: string; model: string }) {
  const query = { page_size: 100 };
  const found = useAll("models.history", { workspace, model }, { query }, { most: 500 });
  useLive(workspace, ["models", `model:${model}`], found.refresh);
  return (
    <Card wide title="History">
      <Listing
        of={found}
        label={`History of ${model}`}
        noun="change"
        columns={COLUMNS}
        id={(one) => `${one.time} ${one.action} ${one.version}`}
        command={`runyard models history ${model}`}
      >
        Nothing was changed yet.
      </Listing>
    </Card>
  );
}

/** Reads all files of a version anew, and says whether they are as they were registered. */
export function Verify({ workspace, model }: { workspace: string; model: ModelRecord }) {
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<ModelCheck[]>();
  const segments = { workspace, model: model.id };
  const read = async () => {
    const parts: ModelCheck[] = [];
    for (let page_token: string | null | undefined = ""; page_token != null;) {
      const query = page_token ? { page_token } : {};
      const part: ModelCheck = await call("models.verify", segments, { query });
      parts.push(part);
      page_token = part.next_page_token;
    }
    return parts;
  };
  const verify = () => {
    setBusy(true);
    read()
      .then(setFound, (error: Error) => say(error.message))
      .finally(() => setBusy(false));
  };
  const wrong = found?.flatMap(({ damaged, missing }) => [...damaged, ...missing]) ?? [];
  const sum = (of: "files" | "size") => (found ?? []).reduce((so, one) => so + one[of], 0);
  return (
    <p class="verify">
      <Button act={verify} disabled={busy}>
        {busy ? "Reading…" : "Verify the files"}
      </Button>{" "}
      {found && (
        <span class={wrong.length ? "wrong" : "faint"} role="status">
          {wrong.length
            ? `Not as registered: ${wrong.join(", ")}`
            : `${counted(sum("files"), "file")}, ${bytes(sum("size"))}: as registered.`}
        </span>
      )}
    </p>
  );
}
