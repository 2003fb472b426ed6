// The logs of a run: a list of them, and the one that is open.
import { to } from "../../address";
import { all, call } from "../../api";
import { useResource } from "../../resource";
import { bytes } from "../../texts";
import { Log } from "../../ui/log";
import { Empty, Loaded } from "../../ui/states";
import { ENDED, type TabProps } from "../run";

const FIRST = ["azureml-logs/70_driver_log.txt", "logs/"];

export default function Logs({ workspace, run, grown, rest }: TabProps) {
  const known = Object.keys(grown.logs).length;
  const files = useResource(`logs ${run.id} ${known} ${run.status}`, (signal) =>
    all(
      (token) =>
        call(
          "files.list",
          { workspace, run: run.id },
          { query: { page_size: 1000, page_token: token }, signal },
        ),
      2000,
    ),
  );
  const here = ["runs", workspace, run.id, "logs"];
  return (
    <Loaded of={files} lines={8}>
      {(found) => {
        const logs = found.filter(
          (file) => file.kind === "log" || /(^|\/)(azureml-)?logs\//.test(file.path),
        );
        const open =
          rest ||
          FIRST.map((begin) => logs.find((file) => file.path.startsWith(begin))?.path).find(
            Boolean,
          ) ||
          logs[0]?.path;
        if (!open)
          return <Empty title="No log yet">What the job prints appears here while it runs.</Empty>;
        return (
          <div class="beside">
            <nav aria-label="Logs">
              {logs.map((file) => (
                <a
                  key={file.path}
                  href={to([...here, ...file.path.split("/")])}
                  aria-current={file.path === open ? "page" : undefined}
                >
                  <span>{file.path}</span>
                  <small>{bytes(grown.logs[file.path] ?? file.size)}</small>
                </a>
              ))}
            </nav>
            <Log
              key={open}
              workspace={workspace}
              run={run.id}
              path={open}
              size={grown.logs[open]}
              live={!ENDED.includes(run.status)}
            />
          </div>
        );
      }}
    </Loaded>
  );
}
