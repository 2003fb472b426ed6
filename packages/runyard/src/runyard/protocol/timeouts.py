"""How long the parts wait for one another, in seconds: clients, service, scheduler, agents.

They belong together: a node must be given up before its peers lose patience, an answer that is
awaited must come before the client thinks that it is lost. `tests/light/test_timeouts.py` holds
the inequalities, `docs/architecture.md` the reasons. Plain numbers only: the agent imports this
before a script that may end in ten milliseconds.
"""

# An agent tells that it lives; who tells nothing for so long is lost, where no backend can see it.
HEARTBEAT_SECONDS = 5.0
HEARTBEAT_RETRY_SECONDS = 1.0
AGENT_LOST_SECONDS = 30.0

# Nodes that work together hear of each other's ends by their beats; in large gangs each beats more
# rarely, up to the second figure. While one is silent the others wait in a collective operation.
GANG_BEAT_SECONDS = 0.5
LONGEST_GANG_BEAT_SECONDS = 2.0
GANG_LOST_SECONDS = 10.0
# An answer that took longer would come after the next beat is due to count.
GANG_ANSWER_SECONDS = 5.0
# The nodes of a gang wait so long for all to have come, and tell then who is missing. Only if none
# of them tells it, after the grace, does the scheduler.
RENDEZVOUS_SECONDS = 120.0
RENDEZVOUS_GRACE_SECONDS = 6.0
# A lost agent's node is tried so long for a salvage while its peers wait.
REACH_SECONDS = 5.0
# A node that reaches nobody ends its processes by itself: it was given up long ago.
FENCE_SECONDS = 120.0
# Only then may another attempt use the folder that the nodes share; killing takes a while.
HOLD_SECONDS = 135.0
# Whoever finds its port taken says so when it starts; TensorFlow takes its time.
PORT_TAKEN_SECONDS = 90.0

# The process of an interactive run tells that it lives.
SESSION_BEAT_SECONDS = 30.0
SESSION_LOST_SECONDS = 300.0

# A process that makes trials of a sweep and is silent for so long has left them to others.
SWEEP_CLIENT_SECONDS = 30.0

# The scheduler looks at everything once a tick. A longer break means that the machine slept, or
# this process did: silence counts from its end.
TICK_SECONDS = 1.0
STALL_SECONDS = 3.0
# Who works on a subject holds a lease and renews it; a later service takes it over at its start.
LEASE_SECONDS = 60.0
LEASE_RENEWAL_SECONDS = 20.0
# Work on a subject that failed for a reason that may pass is tried again, ever more rarely.
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0

# Long polls: what a client asks for, and the most that the service grants.
JOIN_WAIT_SECONDS = 0.5
ORDERS_WAIT_SECONDS = 10
LONGEST_WAIT_SECONDS = 30.0
# Without a byte for so long a request counts as lost: an agent's, any other client's.
AGENT_TIMEOUT_SECONDS = 60.0
CLIENT_TIMEOUT_SECONDS = 120.0
# A stream that has nothing to tell sends a comment; a client that hears none asks anew, and gives
# up when the service was away for the third figure.
KEEP_ALIVE_SECONDS = 15.0
STREAM_SILENCE_SECONDS = 60.0
STREAM_PATIENCE_SECONDS = 120.0
# A connection that has shown a token may rest so long between requests.
REST_SECONDS = 120.0

# What an agent needs and cannot get from a service that is away: it asks again for so long. What
# it has to deliver it keeps for longer, for a service that is started again the next morning.
SERVICE_AWAY_SECONDS = 3600.0
DELIVERY_SECONDS = 24 * 3600.0
# A service that answers, but with a fault of its own, is asked again for so long.
SERVICE_FAULT_SECONDS = 10.0

# Processes of a job get SIGTERM, and SIGKILL after the grace; what SIGKILL has not ended after the
# third figure hangs in the kernel. mpirun waits for daemons on hosts that may be gone, and gives
# ranks hardly longer itself.
TERM_GRACE_SECONDS = 5.0
MPIRUN_GRACE_SECONDS = 2.0
KILL_SECONDS = 10.0

# A client's process that ends waits for what it has logged to arrive; `flush` waits longer.
EXIT_SECONDS = 60.0
FLUSH_SECONDS = 300
# What processes that were killed have left behind is brought meanwhile, for no longer than this.
LEFTOVER_SECONDS = 10.0

# A client waits for the service that it starts, and gives up a silent one earlier.
ABOUT_SECONDS = 10.0
SILENT_START_SECONDS = 30.0
START_SECONDS = 120.0
# A service that ends answers what is open for so long; whoever stops it waits for the second
# figure, and `stop --force` sends SIGKILL after the third.
DRAIN_SECONDS = 10
STOP_SECONDS = 30.0
FORCED_STOP_SECONDS = 15.0
# What the scheduler has begun and cannot break off it waits for, one kind after the other: locks
# and environments, launches, the removal of folders, salvages of lost agents, steps of sweeps.
PREPARATIONS_CLOSE_SECONDS = 8.0
LAUNCHES_CLOSE_SECONDS = 5.0
FOLDERS_CLOSE_SECONDS = 2.0
ORPHANS_CLOSE_SECONDS = 2.0
SWEEPS_CLOSE_SECONDS = 2.0
