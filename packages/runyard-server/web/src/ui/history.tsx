// What happened to a noun, newest first, from the feed of its workspace.
import { call } from "../api";
import { useLive } from "../live";
import { useResource } from "../resource";
import { moment } from "../texts";
import { Card, Status } from "./bits";

const LAST = 200;

interface HistoryProps {
  workspace: string;
  kind: string;
  subject: string;
}

/** The events of one subject as a card. */
export function History({ workspace, kind, subject }: HistoryProps) {
  const events = useResource(`history ${workspace} ${kind} ${subject}`, async (signal) => {
    const query = { subject_kind: kind, subject, last: LAST, limit: LAST };
    const { items } = await call("feed.list", { workspace }, { query, signal });
    return items.reverse();
  });
  useLive(workspace, [`${kind}:${subject}`], events.refresh);
  return (
    <Card title="History">
      {events.data?.length === 0 && <p class="faint">Nothing is told of it any more.</p>}
      <ol class="events">
        {(events.data ?? []).map((one) => (
          <li key={one.position}>
            <time dateTime={one.time}>{moment(one.time)}</time>
            <span>
              {one.status ? <Status of={one.status} /> : <span class="tag">{one.kind}</span>}
            </span>
            <div>
              <p>{one.message.split("\n")[0]}</p>
              {one.message.includes("\n") && (
                <details>
                  <summary>more</summary>
                  <pre class="tail">{one.message}</pre>
                </details>
              )}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
