// Why the stages of a run took what they took, as its events tell.
import type { EventRecord, RunRecord } from "../../protocol";
import { useCall } from "../../resource";

const MOST = 200;

/** A reason for each stage that has one. */
export function useReasons(run: RunRecord): Record<string, string> {
  // The first events hold them all: of what comes while a run goes on none is needed.
  const after = [run.status, Math.min(run.last_event, MOST)];
  const segments = { workspace: run.workspace, run: run.id };
  const events = useCall("events.list", segments, { query: { limit: MOST } }, after);
  return reasons(events.data?.items ?? [], run);
}

/** What the events say of the stages. */
export function reasons(events: EventRecord[], run: Partial<RunRecord>): Record<string, string> {
  const found: Record<string, string> = {};
  const built = events.find((one) => one.data["environment"] === "built");
  const placed = events.find((one) => one.kind === "stage" && one.message.startsWith("placed"));
  if (built) found["Preparing"] = `built: ${built.data["why"] || built.message}`;
  else if (run.environment_lock) found["Preparing"] = "cached";
  if (placed) found["Queued"] = placed.message;
  return found;
}
