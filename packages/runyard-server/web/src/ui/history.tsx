// What happened to something, in order.
import { useLive } from "../live";
import { useCall } from "../resource";
import { moment } from "../texts";
import { Card, Status } from "./bits";

const LAST = 200;

interface Happened {
  time: string;
  message: string;
  kind: string;
  status?: string | null;
  data?: object;
}

interface HappeningProps {
  of: Happened[];
  /** How a time is written; else as the moment itself. */
  time?: (time: string) => string;
}

/** Events, a line each; what more there is of one unfolds. */
export function Happening({ of, time }: HappeningProps) {
  return (
    <ol class={`events ${time ? "tight" : ""}`}>
      {of.map((one, place) => {
        const [first, ...rest] = one.message.split("\n");
        const data = Object.keys(one.data ?? {}).length > 0 && JSON.stringify(one, null, 2);
        const more = [...rest, ...(data ? [data] : [])].join("\n");
        return (
          <li key={place}>
            <time dateTime={one.time} title={moment(one.time)}>
              {(time ?? moment)(one.time)}
            </time>
            <span>
              {one.status ? <Status of={one.status} /> : <span class="tag">{one.kind}</span>}
            </span>
            <div>
              <p>{first}</p>
              {more && (
                <details>
                  <summary>more</summary>
                  <pre class="tail" tabIndex={0}>
                    {more}
                  </pre>
                </details>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

type HistoryProps = Record<"workspace" | "kind" | "subject", string>;

/** The events of one subject, the newest first, from the feed of its workspace. */
export function History({ workspace, kind, subject }: HistoryProps) {
  const query = { subject_kind: kind, subject, last: LAST, limit: LAST };
  const events = useCall("feed.list", { workspace }, { query });
  useLive(workspace, [`${kind}:${subject}`], events.refresh);
  return (
    <Card title="History">
      {events.data?.items.length === 0 && <p class="faint">Nothing is told of it any more.</p>}
      <Happening of={events.data?.items.toReversed() ?? []} />
    </Card>
  );
}
