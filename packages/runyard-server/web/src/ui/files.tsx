// Files of whatever has some: folders to walk through, and a preview of the one that is open.
import { useMemo, useState } from "preact/hooks";
import { setParams, param } from "../address";
import { bytes, counted, total } from "../texts";
import { Preview } from "./preview";
import { Button } from "./bits";
import { Search } from "./fields";

export interface FileItem {
  path: string;
  size: number;
  digest?: string | null;
}

interface FilesProps {
  files: FileItem[];
  /** The address of a file, for links to it and its preview. */
  address: (path: string) => string;
  /** Which one is open, "" for none. */
  open: string;
  /** The page's address when a file is open. */
  href: (path: string) => string;
  label: string;
  /** Where a folder is downloaded as an archive; "" is all of them. */
  archive?: (folder: string) => string;
}

interface Folder {
  name: string;
  path: string;
  size: number;
  count: number;
}

/** What stands directly in a folder: folders with their sums, and files. */
function inside(files: FileItem[], folder: string): { folders: Folder[]; here: FileItem[] } {
  const below = files.filter((file) => file.path.startsWith(folder));
  const parts = Map.groupBy(below, ({ path }) => /^[^/]*\/|/.exec(path.slice(folder.length))?.[0]);
  const here = parts.get("") ?? [];
  parts.delete("");
  const folders = [...parts].map(([name = "", within]) => ({
    name,
    path: folder + name,
    size: total(within.map((one) => one.size)),
    count: within.length,
  }));
  return { folders, here };
}

const MOST = 500;
/** What is larger is no download for a browser: `runyard runs download` goes on where it broke. */
const ARCHIVED = 20e9;

/** A browser of files with previews. */
export function Files({ files, address, open, href, label, archive }: FilesProps) {
  const chosen = param("in", open.includes("/") ? open.slice(0, open.lastIndexOf("/") + 1) : "");
  const [wanted, setWanted] = useState("");
  const found = useMemo(() => {
    const low = wanted.toLowerCase();
    return low
      ? { folders: [], here: files.filter((file) => file.path.toLowerCase().includes(low)) }
      : inside(files, chosen);
  }, [files, chosen, wanted]);
  const trail = chosen.split("/").filter(Boolean);
  const file = files.find((one) => one.path === open);
  const size = total([...found.folders, ...found.here].map((one) => one.size));
  return (
    <div class="beside files">
      <nav aria-label={label}>
        <Search
          label="Find a file"
          placeholder={`Find in ${counted(files.length, "file")}`}
          value={wanted}
          onInput={setWanted}
        />
        {trail.length > 0 && !wanted && (
          <Button
            kind="quiet up"
            act={() =>
              setParams({ in: trail.length > 1 ? `${trail.slice(0, -1).join("/")}/` : "" }, true)
            }
          >
            ← {chosen}
          </Button>
        )}
        {found.folders.map((folder) => (
          <Button key={folder.path} kind="quiet" act={() => setParams({ in: folder.path }, true)}>
            <span>{folder.name}</span>
            <small>
              {folder.count} · {bytes(folder.size)}
            </small>
          </Button>
        ))}
        {found.here.slice(0, MOST).map((one) => (
          <a
            key={one.path}
            href={`${href(one.path)}${chosen ? `?in=${encodeURIComponent(chosen)}` : ""}`}
            aria-current={one.path === open ? "page" : undefined}
          >
            <span>{wanted ? one.path : one.path.slice(chosen.length)}</span>
            <small>{bytes(one.size)}</small>
          </a>
        ))}
        {found.here.length > MOST && (
          <small>{found.here.length - MOST} more: find them by name</small>
        )}
        {archive && !wanted && size <= ARCHIVED && (
          <a class="archive" href={archive(trail.join("/"))} download>
            <span>Download {trail.at(-1) ?? "all"} as ZIP</span>
            <small>{bytes(size)}</small>
          </a>
        )}
      </nav>
      {file ? (
        <Preview key={file.path} file={file} address={address(file.path)} />
      ) : (
        <p class="faint hint">Choose a file to look at it.</p>
      )}
    </div>
  );
}
