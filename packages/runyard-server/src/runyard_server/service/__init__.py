"""The HTTP face: every row of the protocol's table of routes, served by its operation.

    gate        Host and Origin; counts open requests
    lingering   refusals that arrive though the body was not read
    access      whose token it is, and how far it reaches
    handlers    one row: decode, call the operation in a thread, encode
    messages    JSON and queries to records and back, by msgspec
    bodies      raw bodies on their way into an operation
    contents    raw answers: files, by range
    streams     server-sent events of a run
    failures    errors to their answers
    openapi     the document made from the table
    application all of it put together

Nothing here knows a rule or touches the store: that is `operations`.
"""
