"""What worker and supervisor say over their socket, as JSON lines.

The worker's are objects with an `event`, the supervisor's have a `do`.
"""

# That it is alive; that the model is loaded; that it is not, with a `reason`; that a call has been
# running for too long, with its `seconds`.
BEAT, LOADED, FAILED, HUNG = "beat", "loaded", "failed", "hung"
# Finish what there is, and end.
DRAIN = "drain"
