"""The HTTP side: every row of the protocol's table of routes, served by its operation.

    gate        Host and Origin; counts open requests
    lingering   answers that arrive though the body was not read
    limits      how much of the service one client may take
    access      whose token it is, and how far it reaches
    shares      what one run has of threads and requests
    handlers    one row: decode, call the operation in a thread, encode
    messages    JSON and queries to records and back, by msgspec
    bodies      bodies on their way into an operation, whole before it is asked
    contents    raw answers: files, by range
    streams     server-sent events of a run
    failures    errors to their answers
    openapi     the document made from the table
    application all of it put together

Nothing here knows a rule or touches the store: that is `operations`.
"""
