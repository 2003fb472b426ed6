// Who may speak to the service, what each may do, and the tokens that programs show.
import { useState } from "preact/hooks";
import { to } from "../address";
import { call } from "../api";
import { workspace as here } from "../places";
import type { Me, Member, NewToken, TokenRecord, UserRecord } from "../protocol";
import { useAll, useCall } from "../resource";
import { moment } from "../texts";
import { Button, Card, Copy, Head, told } from "../ui/bits";
import { type Column, acts, text, time } from "../ui/columns";
import { Choice, Dialog, Field } from "../ui/fields";
import { Loaded } from "../ui/states";
import { Listing } from "../ui/table";

const ADMINISTRATOR = "administrator";
const OWNER = "owner";
/** What may be given in one workspace, and over all of them. */
const ROLES = ["reader", "contributor", OWNER];
const EVERYWHERE: [string, string][] = [
  ["", "none everywhere"],
  ...[...ROLES, ADMINISTRATOR].map((role): [string, string] => [role, role]),
];

export default function People() {
  const me = useCall("users.me", {});
  return (
    <>
      <Head title="People">
        <a class="button" href={to(["audit"])}>
          Audit log
        </a>
      </Head>
      <Loaded of={me}>
        {(one) => (
          <div class="stack">
            <p>
              You are <b>{one.name}</b>
              {one.is_owner ? ", whose service this is" : one.role && `, ${one.role} everywhere`},
              shown by {one.via}
              {one.ends_at && ` until ${moment(one.ends_at)}`}.
            </p>
            <Tokens me={one} />
            <Members me={one} />
            <Users me={one} />
          </div>
        )}
      </Loaded>
    </>
  );
}

const rules = (me: Me) => me.is_owner || me.role === ADMINISTRATOR;

function Users({ me }: { me: Me }) {
  const users = useAll("users.list", {});
  const add = (name: string) =>
    void told(
      call("users.add", {}, { body: { name } }),
      users.refresh,
      `${name} is known; a role and a token let them in.`,
    );
  const may = rules(me);
  const change = (user: UserRecord, role: string) =>
    void told(call("users.change", { user: user.name }, { body: { role } }), users.refresh);
  const remove = (user: UserRecord) =>
    void told(
      call("users.remove", { user: user.name }),
      users.refresh,
      `${user.name} is removed, with tokens, roles and sessions; what they made stays.`,
    );
  const columns: Column<UserRecord>[] = [
    text("Person", "minmax(10rem, 2fr)", (one) => one.name),
    text("Role everywhere", "12rem", (one) => one.role, {
      cell: (one) =>
        one.is_owner ? (
          "owner of the service"
        ) : may ? (
          <Choice
            label={`Role of ${one.name}`}
            value={one.role}
            of={EVERYWHERE}
            onPick={(role) => change(one, role)}
          />
        ) : (
          one.role || "–"
        ),
    }),
    text("In workspaces", "minmax(12rem, 2fr)", (one) =>
      Object.entries(one.workspaces)
        .map(([name, role]) => `${role} of ${name}`)
        .join(", "),
    ),
    time("Added", (one) => one.created_at),
    ...(may
      ? [
          acts<UserRecord>(
            "Remove",
            (one) => `Remove ${one.name}`,
            remove,
            (one) => !one.is_owner,
          ),
        ]
      : []),
  ];
  return (
    <Card wide title="All people" extra={may && <Ask label="Add" act={add} />}>
      <Listing of={users} noun="person" columns={columns} id={(one) => one.name}>
        Nobody yet.
      </Listing>
    </Card>
  );
}

/** A name to type, and what is done with it. */
function Ask({ label, act }: { label: string; act: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <form
      class="actions"
      onSubmit={(event) => {
        event.preventDefault();
        act(name.trim());
        setName("");
      }}
    >
      <input
        aria-label={`${label}: name`}
        placeholder="person"
        required
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit">{label}</button>
    </form>
  );
}

/** Who may do something in the workspace that is open. */
function Members({ me }: { me: Me }) {
  const workspace = here.value;
  const members = useAll("users.members", { workspace });
  const may = rules(me) || me.workspaces[workspace] === OWNER;
  const grant = (name: string, role: string) =>
    void told(
      call("users.grant", { workspace, user: name }, { body: { role } }),
      members.refresh,
      `${name} is ${role} of ${workspace}.`,
    );
  const withdraw = (one: Member) =>
    void told(call("users.withdraw", { workspace, user: one.user }), members.refresh);
  const columns: Column<Member>[] = [
    text("Person", "minmax(10rem, 2fr)", (one) => one.user),
    text("Role", "15rem", (one) => one.role, {
      cell: (one) =>
        may && !one.everywhere ? (
          <Choice
            label={`Role of ${one.user} here`}
            value={one.role}
            of={ROLES}
            onPick={(role) => grant(one.user, role)}
          />
        ) : (
          `${one.role}${one.everywhere ? ", everywhere" : ""}`
        ),
    }),
    ...(may
      ? [
          acts<Member>(
            "Withdraw",
            (one) => `Withdraw ${one.user}'s role`,
            withdraw,
            (one) => !one.everywhere,
          ),
        ]
      : []),
  ];
  return (
    <Card
      wide
      title={`In the workspace ${workspace}`}
      extra={may && <Ask label="Let in" act={(name) => grant(name, ROLES[0] ?? "")} />}
    >
      <Listing of={members} label="Members" noun="person" columns={columns} id={(one) => one.user}>
        Nobody has a role here.
      </Listing>
    </Card>
  );
}

function Tokens({ me }: { me: Me }) {
  const tokens = useAll("tokens.list", {}, { query: { everyone: rules(me) } });
  const [made, setMade] = useState<NewToken>();
  const [making, setMaking] = useState(false);
  const show = (next: NewToken) => {
    setMade(next);
    tokens.refresh();
  };
  const rotate = (one: TokenRecord) =>
    void told(call("tokens.rotate", { token: one.id }, { body: {} }), show);
  const revoke = (one: TokenRecord) =>
    void told(
      call("tokens.revoke", { token: one.id }),
      tokens.refresh,
      `${one.name} opens nothing any more.`,
    );
  const columns: Column<TokenRecord>[] = [
    text("Token", "minmax(10rem, 2fr)", (one) => one.name),
    text("Begins with", "9rem", (one) => one.prefix, { cell: (one) => <code>{one.prefix}</code> }),
    text("Of", "8rem", (one) => one.user),
    time("Made", (one) => one.created_at),
    time("Used", (one) => one.used_at),
    text("Ends", "9rem", (one) => one.ends_at?.slice(0, 10) ?? "never"),
    acts("Make anew", (one) => `Make ${one.name} anew`, rotate),
    acts("Revoke", (one) => `Revoke ${one.name}`, revoke),
  ];
  return (
    <Card wide title="Tokens" extra={<Button act={() => setMaking(true)}>Make a token</Button>}>
      {making && <MakeToken me={me} done={show} close={() => setMaking(false)} />}
      {made && (
        <p class="card warned">
          {made.record.name} of {made.record.user}, told this once: <code>{made.token}</code>{" "}
          <Copy text={made.token} />
        </p>
      )}
      <Listing of={tokens} noun="token" columns={columns} id={(one) => one.id}>
        None. A token lets a program in as you.
      </Listing>
    </Card>
  );
}

interface MakeProps {
  me: Me;
  done: (made: NewToken) => void;
  close: () => void;
}

function MakeToken({ me, done, close }: MakeProps) {
  const [name, setName] = useState("");
  const [user, setUser] = useState(me.name);
  const [days, setDays] = useState("365");
  const make = () =>
    call("tokens.create", {}, { body: { name, user, days: Number(days) } }).then(done);
  return (
    <Dialog title="Make a token" act="Make" onAct={make} close={close}>
      <Field label="What it is for" required value={name} onInput={setName} />
      {rules(me) && <Field label="Whose" required value={user} onInput={setUser} />}
      <Field label="Days that it is good for, 0 for ever" value={days} onInput={setDays} />
    </Dialog>
  );
}
