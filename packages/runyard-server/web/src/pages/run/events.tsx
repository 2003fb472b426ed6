// Everything that happened to a run, in order.
import { param } from "../../address";
import { useCall } from "../../resource";
import { duration, moment } from "../../texts";
import { Choice } from "../../ui/fields";
import { Happening } from "../../ui/history";
import { Loaded } from "../../ui/states";
import type { TabProps } from "../run";

export default function Events({ workspace, run }: TabProps) {
  const kind = param("kind");
  const begun = Date.parse(run.created_at);
  const segments = { workspace, run: run.id };
  const events = useCall("events.list", segments, { query: { limit: 10_000 } }, run.last_event);
  return (
    <Loaded of={events} lines={10}>
      {({ items }) => (
        <>
          <div class="search tools">
            <Choice
              label="Kind"
              name="kind"
              of={[["", "All kinds"], ...new Set(items.map((one) => one.kind))]}
            />
            <span class="faint">from {moment(run.created_at)}</span>
          </div>
          <Happening
            of={items.filter((one) => !kind || one.kind === kind)}
            time={(time) => `+${duration((Date.parse(time) - begun) / 1000)}`}
          />
        </>
      )}
    </Loaded>
  );
}
