// The files of a run: what it put into outputs, and its logs.
import { to } from "../../address";
import { url } from "../../api";
import { useAll } from "../../resource";
import { Files } from "../../ui/files";
import { Empty, Loaded } from "../../ui/states";
import type { TabProps } from "../run";

export default function RunFiles({ workspace, run, rest }: TabProps) {
  const segments = { workspace, run: run.id };
  const query = { page_size: 1000 };
  const files = useAll("files.list", segments, { query }, { after: run.last_event });
  return (
    <Loaded
      of={files}
      lines={8}
      none={<Empty title="No file yet">What the script writes into ./outputs is kept here.</Empty>}
    >
      {(found) => (
        <Files
          files={found}
          label="Files"
          open={rest}
          address={(path) => url("files.read", { ...segments, path })}
          archive={(folder) => url("files.archive", segments, { folder })}
          href={(path) => to(["runs", workspace, run.id, "files", ...path.split("/")])}
        />
      )}
    </Loaded>
  );
}
