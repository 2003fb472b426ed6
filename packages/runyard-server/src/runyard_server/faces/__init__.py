"""The HTTP side: protocols served over the same operations, each a face of its own.

    face        what a face is: its table of routes, its log-in, the shape of its errors
    native      our own protocol
    pages       what printed links open in a browser

What all faces share knows none of them:

    application all faces in one ASGI application
    dispatch    from a path to the row that serves it
    endpoint    the way of a request: counted, identified, bounded, answered or refused
    exchange    one request: what was asked, who asks, and the threads that work for it
    gate        Host and Origin
    bearer      tokens in a header
    lingering   answers that arrive though the body was not read
    limits      how much of the service one client may take
    shares      what one run has of threads and requests
    messages    JSON and queries to records and back, by msgspec
    bodies      bodies on their way into an operation, whole before it is asked
    contents    raw answers: files, by range
    streams     server-sent events
    waiting     answers that are worth waiting for
    failures    whatever was raised becomes one of the protocol's errors

Nothing here knows a rule or touches the store: that is `operations`.
"""
