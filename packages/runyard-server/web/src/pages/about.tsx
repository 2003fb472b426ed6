// What this service is, whether the machine has what it needs, and whose work is in it.
import "./infra.css";
import { useCall } from "../resource";
import { bytes } from "../texts";
import { Ago, Button, Card, Copy, Facts, Head } from "../ui/bits";
import { Loaded } from "../ui/states";
import { Unfold } from "../ui/unfold";

const MARKS: Record<string, [string, string]> = {
  ok: ["✓", "good"],
  note: ["○", "note"],
  broken: ["✕", "wrong"],
};

export default function About() {
  const status = useCall("service.status", {});
  const doctor = useCall("service.doctor", {});
  return (
    <>
      <Head title="About" />
      <div class="stack">
        <div class="cards">
          <Card title="Runyard">
            <Loaded of={status}>
              {(one) => (
                <Facts
                  of={[
                    ["Version", one.version],
                    ["Protocol", one.protocol],
                    ["Python", one.python],
                    ["Address", one.url],
                    ["State folder", one.home],
                    ["Started", <Ago time={one.started_at} />],
                    ["Memory", bytes(one.memory_bytes)],
                    ["Process", one.pid],
                    ["Routes", <a href="/api/v1/openapi.json">what can be asked of it</a>],
                    ["Commands", <code>runyard --help</code>],
                  ]}
                />
              )}
            </Loaded>
          </Card>
        </div>
        <Card
          wide
          title="This machine"
          extra={
            <Button kind="quiet" act={doctor.refresh}>
              Look again
            </Button>
          }
        >
          <Loaded of={doctor} lines={9}>
            {({ findings }) => (
              <ul class="findings">
                {findings.map((one) => {
                  const [mark, kind] = MARKS[one.state] ?? ["○", "note"];
                  return (
                    <li key={one.subject + one.message}>
                      <span class={`mark ${kind}`}>
                        <i aria-hidden="true">{mark}</i> {one.state}
                      </span>
                      <b>{one.subject}</b>
                      <span>
                        {one.message}
                        {one.mend && (
                          <span class="mend">
                            <code>{one.mend}</code> <Copy text={one.mend} />
                          </span>
                        )}
                      </span>
                    </li>
                  );
                })}
              </ul>
            )}
          </Loaded>
        </Card>
        <Unfold
          title="Licences"
          summary="Of what the pages are made of"
          address="/assets/licenses.md"
        />
      </div>
    </>
  );
}
