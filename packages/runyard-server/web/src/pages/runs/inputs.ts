// What a run reads: datasets with their version and digest, and places on datastores.
import { call } from "../../api";
import type { RunDatasetRecord, RunRecord } from "../../protocol";

/** A digest as people tell it apart: its kind, and twelve letters. */
export const short = (digest: string) => digest.slice(0, digest.indexOf(":") + 13);

const told = ({ registered, version, dataset, digest, changed }: RunDatasetRecord) =>
  [
    registered ? `${registered}:${version}` : short(dataset),
    digest && short(digest),
    changed && "written while it was read",
  ]
    .filter(Boolean)
    .join(", ");

/** The inputs of a run by name, as texts that differ where the data does. */
export async function inputsOf({ workspace, id: run }: RunRecord, signal: AbortSignal) {
  const [spec, datasets] = await Promise.all([
    call("runs.spec", { workspace, run }, { signal }),
    call("datasets.of_run", { workspace, run }, { signal }),
  ]);
  const inputs: Record<string, string> = {};
  for (const one of spec.data) inputs[one.name] = `${one.datastore}/${one.path}`;
  for (const one of datasets.items) if (one.use === "input") inputs[one.name] = told(one);
  return { spec, inputs };
}
