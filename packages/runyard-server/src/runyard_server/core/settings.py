"""What can be set about a service: one table, the fields of `Settings`.

    defaults  <  config.toml in the state folder  <  RUNYARD_<NAME> variables  <  command line

Each field says in its metadata what it means; the command line, the documentation and the check
of names are made from the fields. A name that is not in the table is refused, with the nearest.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from runyard.protocol import records
from runyard.protocol.compatibility import STRICT
from runyard.protocol.containers import IMAGE_NAME, MEMORY_SIZE
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.suggestions import nearest
from runyard.protocol.texts import decoded

PREFIX = "RUNYARD_"
SITE_NAME = r"[A-Za-z0-9][A-Za-z0-9_\-]{0,31}"
LOG_LEVELS = ("debug", "info", "warning", "error")
CONDA_CHOICES = ("needed", "always", "never")
LARGEST_PORT = 65535
_MOST_DAYS = 36_500
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Variables of ours that are no settings: clients and jobs read them.
OTHER_VARIABLES = (
    "HOME",
    "URL",
    "TOKEN",
    "SERVICE",
    "READY",
    "RUN_ID",
    "WORKSPACE",
    "SPOOL",
    "COMPATIBILITY",
)
_WITHOUT_PASSWORD = re.compile(r"^([a-z+0-9]+://[^:/?#]*:).*@", re.DOTALL)
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def _setting(default: Any, about: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"about": about, "secret": secret})


@records.dataclass(frozen=True)
class SiteSettings:
    """What is set about a site.

    Args:
        backend: The kind of its backend.
        service_url: Where its jobs reach the service; "": where the service listens.
        options: What its backend is given; checked when it is made.
        environments_gb: The most that each of its nodes keeps of environments that it made.
    """

    backend: str
    service_url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    environments_gb: float = 50.0


@records.dataclass(frozen=True)
class ContainerSettings:
    """What is set about containers of runs.

    Args:
        engine: The program of the engine of this machine; "": there is none.
        image: The base image of environments that ask for a container and name no image of theirs.
        memory: The most memory of a container that asks for none; "": no limit.
    """

    engine: str = ""
    image: str = ""
    memory: str = ""


@dataclass(frozen=True)
class Settings:
    """The settings of one service; see the table in the documentation."""

    host: str = _setting("127.0.0.1", "Address to listen at; other machines reach 0.0.0.0.")
    port: int | None = _setting(
        None, "Port to listen at; 0 takes a free one. Unset: free when embedded, 8420 for serve."
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), "Names by which browsers and clients may call the service, beside its own; * is any."
    )
    idle_exit_seconds: float = _setting(
        1800.0, "An embedded service with nothing to do ends after so many seconds; 0 is never."
    )
    request_threads: int = _setting(40, "How many requests work at the same time.")
    max_connections: int = _setting(1000, "How many connections are open at the same time.")
    head_seconds: float = _setting(
        20.0, "A connection without a request is closed after so many seconds."
    )
    stall_seconds: float = _setting(
        60.0, "A body or a download that moves less than 64 kB in so many seconds is broken off."
    )
    keep_run_folders: bool = _setting(
        False,  # noqa: FBT003 - the default is what the field is about
        "Keep the working folders of ended runs below runs/ of the state folder.",
    )
    python_downloads: bool = _setting(
        default=True,
        about="Whether uv may fetch a Python that an environment needs and this machine lacks.",
    )
    environments_as_of: str = _setting(
        "",
        "The day, as 2019-08-01, of which packages are where an environment names none; unset is "
        "today.",
    )
    environments_compatibility: str = _setting(
        "",
        "strict refuses another version in the place of a framework for which no Python can be "
        "had, also where an environment does not say so.",
    )
    conda: str = _setting(
        "needed",
        "When conda makes environments: needed, where pip cannot give what is asked for; always, "
        "where conda packages are named; or never.",
    )
    conda_channels: tuple[str, ...] = _setting(
        ("conda-forge",), "The conda channels of environments that name none."
    )
    system_metrics: bool = _setting(
        default=True,
        about="Whether agents sample what runs, nodes and GPUs use, for runyard runs usage.",
    )
    trash_days: float = _setting(
        7.0, "What is deleted can come back for so many days; 0 frees it at once."
    )
    audit_days: float = _setting(
        365.0, "The audit log keeps its entries for so many days; 0 is for ever."
    )
    log_level: str = _setting("info", "What goes to the log: debug, info, warning or error.")
    default_site: str = _setting("local", "The site of clusters that name none.")
    site: str = _setting(
        "",
        "A site in one word, KIND=ADDRESS: named as its backend's kind is, and the default site.",
    )
    serving_host: str = _setting(
        "127.0.0.1", "Address that endpoints listen at; other machines reach 0.0.0.0."
    )
    database_url: str = _setting(
        "",
        "Where records are kept in place of the state folder: "
        "postgresql://user:password@host/database. Better a variable than the command line, which "
        "all users of the machine see.",
        secret=True,
    )
    blobs: str = _setting(
        "",
        "Where contents are kept (outputs, models, snapshots) in place of the state folder: "
        "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX, perhaps with "
        "?endpoint=URL&region=NAME.",
    )
    peer_url: str = _setting(
        "", "Where other processes of the same database reach this one; unset: where it listens."
    )
    sites: Mapping[str, SiteSettings] = field(
        default_factory=dict,
        metadata={
            "about": "Sites beside this machine, each a table `[sites.<name>]`: its `backend`, "
            "perhaps `service_url`, where its jobs reach the service, `environments_gb`, what its "
            "nodes keep of environments (50), and the backend's options.",
            "only_file": True,
        },
    )

    mirrors: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "about": "Folders of this machine in place of containers of Azure that scripts "
            'register: a table `[mirrors]` with lines `"account/container" = "/folder"`.',
            "only_file": True,
        },
    )

    containers: ContainerSettings = field(
        default_factory=ContainerSettings,
        metadata={
            "about": "The container engine of this machine, for runs whose environment names an "
            "image: a table `[containers]` with `engine`, `podman` or `docker` or a path; perhaps "
            "`image`, for those that name none, and `memory`, the most of a container, as `8g`.",
            "only_file": True,
        },
    )

    conda_mirrors: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "about": "Where conda channels are fetched from, a table `[conda_mirrors]` with lines "
            '`"channel" = "https://mirror/channel"` or the path of a folder; locks name the '
            "channels themselves, so the addresses here may have passwords.",
            "only_file": True,
            "secret": True,
        },
    )

    blobs_credentials: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "about": "What opens the store of `blobs`: a table `[blobs_credentials]` with "
            "`access_key` and `secret_key`, or `account_key`, or `service_account`; without one "
            "the variables of the provider's own tools are read.",
            "only_file": True,
            "secret": True,
        },
    )

    # Which of them are set, and where; no setting itself.
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)


class Row(NamedTuple):
    """One row of the table: the name in config.toml, the variable, the default, the meaning.

    `variable` is "" for what is set in config.toml alone.
    """

    name: str
    variable: str
    default: str
    about: str


def table() -> list[Row]:
    """The table of settings, in order."""
    return [
        Row(
            f.name,
            "" if f.metadata.get("only_file") else PREFIX + f.name.upper(),
            _shown(f.default),
            f.metadata["about"],
        )
        for f in _fields()
    ]


def shown(settings: Settings, name: str) -> str:
    """The value of a setting as text; what a site's backend is given may be secret."""
    value = getattr(settings, name)
    if value and next(f for f in _fields() if f.name == name).metadata.get("secret"):
        if isinstance(value, Mapping):
            return ", ".join(f"{key}: ***" for key in value)
        return _WITHOUT_PASSWORD.sub(r"\1***@", value).partition("?")[0]
    if isinstance(value, ContainerSettings):
        return ", ".join(f"{key}: {each}" for key, each in vars(value).items() if each) or "none"
    if name == "mirrors":
        return ", ".join(f"{key}: {place}" for key, place in value.items()) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {site.backend}" for key, site in value.items()) or "none"
    return _shown(value)


def load(config: Path, environ: Mapping[str, str], given: Mapping[str, Any]) -> Settings:
    """Read the settings.

    Args:
        config: `config.toml`; need not exist.
        environ: The variables of the process.
        given: From the command line, by field name; None stands for not given.

    Raises:
        InvalidRequest: A name is unknown or a value is not of its type; says where.
    """
    values = _from_file(config)
    origins = dict.fromkeys(values, config.name)
    variables = _from_variables(environ)
    values.update(variables)
    origins.update((name, PREFIX + name.upper()) for name in variables)
    options = {name: value for name, value in given.items() if value is not None}
    values.update(options)
    origins.update(dict.fromkeys(options, "command line"))
    _check_names(values, _names(), "the command line")
    if "sites" in values:
        values["sites"] = _sites(values["sites"], str(config))
    _check_mirrors(values.get("mirrors", {}), str(config))
    if "containers" in values:
        values["containers"] = _containers(values["containers"], f"[containers] of {config}")
    _check_texts(values.get("blobs_credentials", {}), f"[blobs_credentials] of {config}")
    _check_conda_mirrors(values.get("conda_mirrors", {}), str(config))
    if values.get("site"):
        values.update(_in_one_word(values, origins["site"]))
    settings = Settings(**values, origins=origins)
    _check_values(settings)
    _check_database(settings.database_url)
    return settings


def parse(name: str, text: str, origin: str) -> Any:
    """The value of a setting from text.

    Args:
        name: The setting.
        text: What was given.
        origin: Where it was given, for messages.

    Raises:
        InvalidRequest: The text is not of the setting's type.
    """
    kind = get_type_hints(Settings)[name]
    try:
        return _parsed(kind, text.strip())
    except ValueError:
        raise _wrong(name, text, kind, origin) from None


def _from_file(config: Path) -> dict[str, Any]:
    try:
        data = config.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        reason = error.strerror or error
        raise InvalidRequest(f"the settings in {config} cannot be read: {reason}") from None
    import tomllib

    try:
        found = tomllib.loads(decoded(data, str(config)))
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{config} is not TOML: {error}") from None
    _check_names(found, _names(), str(config))
    if isinstance(found.get("site"), dict):
        raise InvalidRequest(f"'site' in {config} is a table; did you mean sites?")
    named = ("sites", "mirrors", "blobs_credentials", "containers", "conda_mirrors")
    tables = dict.fromkeys(named, dict)
    kinds = {**get_type_hints(Settings), **tables}
    return {name: _typed(name, value, kinds[name], str(config)) for name, value in found.items()}


def _from_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the variables; one that is close to a setting's name is taken for a slip."""
    ours = {row.variable: row.name for row in table() if row.variable}
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in ours:
            _check_variable(variable)
    return {
        name: parse(name, environ[variable], variable)
        for variable, name in ours.items()
        if variable in environ
    }


def _check_variable(variable: str) -> None:
    name = variable.removeprefix(PREFIX)
    near = nearest(name, _names(), 1, 0.75)
    if near and name not in OTHER_VARIABLES:
        raise InvalidRequest(f"{variable} is no setting; did you mean {PREFIX}{near[0].upper()}?")


def _check_values(settings: Settings) -> None:
    """Refuse values that are of the right type and make no sense."""
    wrong = {
        "port": settings.port is not None and not 0 <= settings.port <= LARGEST_PORT,
        # Not `< 0`: NaN, which TOML and float() know, is neither less nor more than anything.
        "idle_exit_seconds": not settings.idle_exit_seconds >= 0,
        "request_threads": settings.request_threads < 1,
        "max_connections": settings.max_connections < 1,
        "head_seconds": not settings.head_seconds > 0,
        "stall_seconds": not settings.stall_seconds > 0,
        "trash_days": not 0 <= settings.trash_days <= _MOST_DAYS,
        "audit_days": not 0 <= settings.audit_days <= _MOST_DAYS,
        "log_level": settings.log_level not in LOG_LEVELS,
        "conda": settings.conda not in CONDA_CHOICES,
        "environments_as_of": not is_day(settings.environments_as_of),
        "environments_compatibility": settings.environments_compatibility not in ("", STRICT),
    }
    for name in (name for name, is_wrong in wrong.items() if is_wrong):
        about = next(row.about for row in table() if row.name == name)
        raise InvalidRequest(f"{name} cannot be {getattr(settings, name)!r}. {about}")


def is_day(text: str) -> bool:
    """Whether a text is a day as `2019-08-01`, or none at all."""
    if not text:
        return True
    # Only now: a start without a day has no use for it before its first answer.
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_database(url: str) -> None:
    """Refuse what is no address of a database; what was given is not shown, for its password."""
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise InvalidRequest(
            "database_url must be postgresql://user:password@host:port/database; without one the "
            "records are in the state folder"
        )


def _sites(tables: Mapping[str, Any], origin: str) -> dict[str, SiteSettings]:
    """Read the tables of sites; their backends check what else stands there."""
    found = {}
    for name, given in tables.items():
        where = f"[sites.{name}] in {origin}"
        if not re.fullmatch(SITE_NAME, name):
            raise InvalidRequest(f"{where}: a site's name is letters, digits, '-' and '_'")
        if not isinstance(given, dict):
            raise InvalidRequest(f"sites.{name} in {origin} is {given!r}; it must be a table")
        options = dict(given)
        known = {key: options.pop(key, "") for key in ("backend", "service_url")}
        for key, value in known.items():
            if not isinstance(value, str):
                raise InvalidRequest(f"{key} of {where} is {value!r}; it must be of type str")
        if not known["backend"]:
            raise InvalidRequest(f'{where} names no backend, for example backend = "local"')
        room = options.pop("environments_gb", SiteSettings.environments_gb)
        if (
            isinstance(room, bool)
            or not isinstance(room, int | float)
            or not 0 < room < float("inf")
        ):
            raise InvalidRequest(
                f"environments_gb of {where} is {room!r}; it must be a number above 0"
            )
        found[name] = SiteSettings(**known, environments_gb=float(room), options=options)
    return found


def _check_mirrors(given: Mapping[str, Any], origin: str) -> None:
    """Refuse what is no container or no folder; whether the folder is there is told at its use."""
    for name, place in given.items():
        if not re.fullmatch(r"[^/]+/[^/]+", name):
            raise InvalidRequest(
                f'{name!r} in [mirrors] of {origin} is no container: write "account/container" = '
                '"/folder", with the quotes'
            )
        if not isinstance(place, str) or not Path(place).expanduser().is_absolute():
            raise InvalidRequest(
                f"{name!r} in [mirrors] of {origin} is {place!r}; it must be the whole path of a "
                "folder of this machine"
            )


def _containers(given: Mapping[str, Any], where: str) -> ContainerSettings:
    """Read what is set about containers; whether the engine works is told at its use."""
    _check_names(given, [f.name for f in fields(ContainerSettings)], where)
    _check_texts(given, where)
    made = ContainerSettings(**given)
    if not made.engine:
        raise InvalidRequest(f'{where} names no engine, for example engine = "podman"')
    if re.search(r"[\s\0]", made.engine) or made.engine.startswith("-"):
        raise InvalidRequest(
            f"engine in {where} is {made.engine!r}; it must be a program or a path"
        )
    if made.image and not re.fullmatch(IMAGE_NAME, made.image):
        raise InvalidRequest(f"image in {where} is {made.image!r}, which cannot name an image")
    if made.memory and not re.fullmatch(MEMORY_SIZE, made.memory):
        raise InvalidRequest(f"memory in {where} is {made.memory!r}; write it as '512m' or '8g'")
    return made


def _check_conda_mirrors(given: Mapping[str, Any], origin: str) -> None:
    """Refuse what is no place; what it holds is told at its use."""
    for channel, place in given.items():
        if not isinstance(place, str) or not re.match(r"https?://|file://|/", place):
            raise InvalidRequest(
                f"{channel!r} in [conda_mirrors] of {origin} is {place!r}; it must be an address, "
                "https://mirror/channel, or the whole path of a folder of this machine"
            )


def _check_texts(given: Mapping[str, Any], where: str) -> None:
    for name, value in given.items():
        if not isinstance(value, str):
            raise InvalidRequest(f"{name} in {where} must be of type str")


def _in_one_word(values: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Make `site` one of the sites; what `config.toml` says of it beside its address stays."""
    kind, given, address = str(values["site"]).partition("=")
    if not (given and address and re.fullmatch(SITE_NAME, kind)):
        raise InvalidRequest(
            f"site in {origin} is {values['site']!r}; it must be KIND=ADDRESS, for example "
            "ray=http://head:8265"
        )
    sites = dict(values.get("sites", {}))
    known = sites.get(kind, SiteSettings(kind))
    if known.backend != kind:
        raise InvalidRequest(
            f"site in {origin} is of the kind {kind!r}, and [sites.{kind}] has the backend "
            f"{known.backend!r}; give that site another name, or leave site out"
        )
    sites[kind] = replace(known, options={**known.options, "address": address})
    return {"sites": sites, "default_site": values.get("default_site", kind)}


def _names() -> list[str]:
    return [f.name for f in _fields()]


def _fields() -> list[Field[Any]]:
    return [f for f in fields(Settings) if f.metadata]


def _check_names(found: Iterable[str], names: list[str], origin: str) -> None:
    for name in found:
        if name not in names:
            near = nearest(name, names, like=0.4)
            choices = (
                f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names)}"
            )
            raise InvalidRequest(f"{name!r} in {origin} is no setting; {choices}")


def _typed(name: str, value: Any, kind: Any, origin: str) -> Any:
    """Check a value of config.toml against the field's type."""
    if get_origin(kind) is tuple:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # True is an int in Python: without the second half `port = true` would be port 1.
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise _wrong(name, value, kind, origin)


def _parsed(kind: Any, text: str) -> Any:
    if isinstance(kind, UnionType):
        kind = next(choice for choice in get_args(kind) if choice is not type(None))
    if get_origin(kind) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if kind is bool:
        if text.lower() not in _TRUE + _FALSE:
            raise ValueError(text)
        return text.lower() in _TRUE
    return kind(text)


def _wrong(name: str, value: Any, kind: Any, origin: str) -> InvalidRequest:
    shown = getattr(kind, "__name__", str(kind))
    if get_origin(kind) is tuple:
        shown = "list of texts"
    return InvalidRequest(f"{name} in {origin} is {value!r}; it must be of type {shown}")


def _shown(default: Any) -> str:
    if default is None:
        return "unset"
    if default is MISSING:
        return "none"
    return ", ".join(default) or "none" if isinstance(default, tuple) else str(default)
