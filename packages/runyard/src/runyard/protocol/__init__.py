"""What travels between every client and the service: the only room both halves share.

Frozen dataclasses without I/O, one module per noun; `codec` turns them into JSON and back on
Python 3.7, msgspec does the same in the service. `routes` is the one table of what can be asked.
Within a major version the protocol only grows: both sides ignore fields they do not know.
"""

PROTOCOL_MAJOR = 1
PROTOCOL = "1.0"
PREFIX = "/api/v1"
