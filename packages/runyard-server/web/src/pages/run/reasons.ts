// Why the stages of a run took what they took, as its events tell.
import { call } from "../../api";
import type { EventRecord, RunRecord } from "../../protocol";
import { useResource } from "../../resource";

const MOST = 200;

/** A reason for each stage that has one. */
export function useReasons(run: RunRecord): Record<string, string> {
  // The first events hold them all: of what comes while a run goes on none is needed.
  const key = `reasons ${run.id} ${run.status} ${Math.min(run.last_event, MOST)}`;
  const events = useResource(key, (signal) =>
    call(
      "events.list",
      { workspace: run.workspace, run: run.id },
      { query: { limit: MOST }, signal },
    ),
  );
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
