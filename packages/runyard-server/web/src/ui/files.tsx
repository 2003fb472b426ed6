// Files of whatever has some: folders to walk through, and a preview of the one that is open.
import { useMemo, useState } from "preact/hooks";
import { setParams, param } from "../address";
import { bytes, counted } from "../texts";
import { Preview } from "./preview";
import { Button } from "./bits";

export interface FileItem {
  path: string;
  size: number;
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
}

interface Folder {
  name: string;
  path: string;
  size: number;
  count: number;
}

/** What stands directly in a folder: folders with their sums, and files. */
function inside(files: FileItem[], folder: string): { folders: Folder[]; here: FileItem[] } {
  const folders = new Map<string, Folder>();
  const here: FileItem[] = [];
  for (const file of files) {
    if (!file.path.startsWith(folder)) continue;
    const rest = file.path.slice(folder.length);
    const slash = rest.indexOf("/");
    if (slash < 0) here.push(file);
    else {
      const name = rest.slice(0, slash);
      const one = folders.get(name) ?? { name, path: `${folder}${name}/`, size: 0, count: 0 };
      one.size += file.size;
      one.count += 1;
      folders.set(name, one);
    }
  }
  return { folders: [...folders.values()], here };
}

const MOST = 500;

/** A browser of files with previews. */
export function Files({ files, address, open, href, label }: FilesProps) {
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
  return (
    <div class="beside files">
      <nav aria-label={label}>
        <input
          type="search"
          aria-label="Find a file"
          placeholder={`Find in ${counted(files.length, "file")}`}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
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
            <span>{folder.name}/</span>
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
      </nav>
      {file ? (
        <Preview key={file.path} file={file} address={address(file.path)} />
      ) : (
        <p class="faint hint">Choose a file to look at it.</p>
      )}
    </div>
  );
}
