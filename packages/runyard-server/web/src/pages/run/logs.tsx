// The logs of a run: a list of them, and the one that is open.
import { param, setParams, to } from "../../address";
import { useAll } from "../../resource";
import { ENDED, bytes } from "../../texts";
import { Choice } from "../../ui/fields";
import { Log } from "../../ui/log";
import { Empty, Loaded } from "../../ui/states";
import type { TabProps } from "../run";

const LOGS = /(^|\/)(azureml-)?logs\//;
const FIRST = ["azureml-logs/70_driver_log.txt", "logs/"];

export default function Logs({ workspace, run, grown, rest }: TabProps) {
  const after = [Object.keys(grown.logs).length, run.status];
  const query = { page_size: 1000 };
  const segments = { workspace, run: run.id };
  const files = useAll("files.list", segments, { query }, { after, most: 2000 });
  const beside = param("beside");
  return (
    <Loaded of={files} lines={8}>
      {(found) => {
        const logs = found.filter(({ kind, path }) => kind === "log" || LOGS.test(path));
        const known = FIRST.map((begin) => logs.find((file) => file.path.startsWith(begin))?.path);
        const open = rest || known.find(Boolean) || logs[0]?.path;
        if (!open)
          return <Empty title="No log yet">What the job prints appears here while it runs.</Empty>;
        const shown = (path: string, at: string) => (
          <Log
            key={path}
            workspace={workspace}
            run={run.id}
            path={path}
            size={grown.logs[path]}
            live={!ENDED.includes(run.status)}
            at={at}
          />
        );
        const others = logs.map((file) => file.path).filter((path) => path !== open);
        return (
          <div class="beside">
            <nav aria-label="Logs">
              {logs.map((file) => (
                <a
                  key={file.path}
                  href={to(["runs", workspace, run.id, "logs", ...file.path.split("/")], {
                    beside,
                  })}
                  aria-current={file.path === open ? "page" : undefined}
                >
                  <span>{file.path}</span>
                  <small>{bytes(grown.logs[file.path] ?? file.size)}</small>
                </a>
              ))}
              {others.length > 0 && (
                <Choice
                  label="Beside it"
                  value={beside}
                  onPick={(path) => setParams({ beside: path, at2: "" }, true)}
                  of={[["", "Nothing beside it"], ...others]}
                />
              )}
            </nav>
            <div class={beside ? "logs two" : "logs"}>
              {shown(open, "at")}
              {others.includes(beside) && shown(beside, "at2")}
            </div>
          </div>
        );
      }}
    </Loaded>
  );
}
