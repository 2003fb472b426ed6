// Everything that happened to a run, in order.
import { param, setParams } from "../../address";
import { call } from "../../api";
import { useResource } from "../../resource";
import { duration, moment } from "../../texts";
import { Status } from "../../ui/bits";
import { Loaded } from "../../ui/states";
import type { TabProps } from "../run";

export default function Events({ workspace, run }: TabProps) {
  const kind = param("kind");
  const begun = Date.parse(run.created_at);
  const events = useResource(`events ${run.id} ${run.last_event}`, (signal) =>
    call("events.list", { workspace, run: run.id }, { query: { limit: 10_000 }, signal }),
  );
  return (
    <Loaded of={events} lines={10}>
      {({ items }) => (
        <>
          <div class="search tools">
            <select
              aria-label="Kind"
              value={kind}
              onChange={(event) => setParams({ kind: event.currentTarget.value })}
            >
              <option value="">All kinds</option>
              {[...new Set(items.map((one) => one.kind))].map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
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
