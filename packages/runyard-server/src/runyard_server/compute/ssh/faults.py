"""What ssh says when it fails, as a reason and what to do about it."""

from runyard_server.compute.ssh.machines import SSH_PORT, Machine

_CHANGED = "REMOTE HOST IDENTIFICATION HAS CHANGED"
_UNKNOWN = ("Host key verification failed", "host key is known for")
_REFUSED = "Permission denied"
_FORWARDING = ("remote port forwarding failed", "Could not request", "forward request failed")
# What most often is behind what ssh says of the way there, and what to look at next.
_ON_THE_WAY = {
    "Connection refused": "is the ssh server there running, and is {port} its port?",
    "No route to host": "is the machine on, and in this network?",
    "timed out": "is the machine on, and does a firewall let port {port} through?",
    "Could not resolve hostname": "is the name right, here or in ~/.ssh/config?",
}
_NOISE = ("Warning:", "@@@", "debug1:", "Pseudo-terminal", "** ")


def told(machine: Machine, said: str, known_hosts: str) -> str:
    """Why a machine cannot be reached, and what to do.

    Args:
        machine: The machine.
        said: What ssh has printed.
        known_hosts: The file of known hosts that is asked.
    """
    name, port = machine.name.strip("[]"), machine.port or SSH_PORT
    if _CHANGED in said:
        return (
            f"{machine} shows another host key than {known_hosts} has: either the machine was set "
            "up anew, or somebody stands in between. If you know that it was, take the old key out "
            f"with: ssh-keygen -R '{machine.in_known_hosts}' -f {known_hosts}; then add the new "
            f"one: ssh-keyscan -p {port} {name} >> {known_hosts}"
        )
    if any(sign in said for sign in _UNKNOWN):
        return (
            f"the host key of {machine} is not known: compare what `ssh-keyscan -p {port} {name} | "
            "ssh-keygen -lf -` prints with what the machine's owner tells, then add it with: "
            f"ssh-keyscan -p {port} {name} >> {known_hosts}"
        )
    if _REFUSED in said:
        return (
            f"{machine} refuses the log-in ({_last(said)}): its authorized_keys must have the "
            "public key of the service's user, and a key with a passphrase must be in an ssh-agent "
            "of that user; passwords are never asked for"
        )
    if is_forwarding(said):
        return (
            f"{machine} is reached, but not the service from there ({_last(said)}): its ssh server "
            "must allow TCP forwarding, and where the port is somebody's, `tunnel_port` of the "
            "site names another"
        )
    hint = next((text for sign, text in _ON_THE_WAY.items() if sign in said), "")
    user = f"{machine.user}@" if machine.user else ""
    why = f"{machine} cannot be reached: {_last(said) or 'ssh said nothing'}"
    why += f" ({hint.format(port=port)})" if hint else ""
    return f"{why}; try `ssh -p {port} {user}{name} true` on the service's machine"


def is_forwarding(said: str) -> bool:
    """Whether only the tunnel could not be made."""
    return any(sign in said for sign in _FORWARDING)


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_NOISE)]
    return telling[-1].rstrip(".") if telling else ""
