"""Our own face: every row of the protocol's table of routes, served by its operation.

face      the table, the log-in by token, errors as the protocol has them
handlers  one row: decode, call the operation in a thread, encode
access    how far a token reaches: the rule of each scope
openapi   the document made from the table
"""
