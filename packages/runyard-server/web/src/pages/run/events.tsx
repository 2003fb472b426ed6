// Everything that happened to a run, in order.
import { param } from "../../address";
import { useCall } from "../../resource";
import { duration, moment } from "../../texts";
import { Status } from "../../ui/bits";
import { Choice } from "../../ui/fields";
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
          <ol class="events tight">
            {items
              .filter((one) => !kind || one.kind === kind)
              .map((one) => (
                <li key={one.number}>
                  <time dateTime={one.time} title={moment(one.time)}>
                    +{duration((Date.parse(one.time) - begun) / 1000)}
                  </time>
                  <span>
                    {one.status ? <Status of={one.status} /> : <span class="tag">{one.kind}</span>}
                  </span>
                  <div>
                    <p>{one.message}</p>
                    {Object.keys(one.data).length > 0 && (
                      <details>
                        <summary>data</summary>
                        <pre class="tail" tabIndex={0}>
                          {JSON.stringify(one, null, 2)}
                        </pre>
                      </details>
                    )}
                  </div>
                </li>
              ))}
          </ol>
        </>
      )}
    </Loaded>
  );
}
