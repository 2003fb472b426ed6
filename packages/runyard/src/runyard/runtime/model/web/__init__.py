"""A model that answers over HTTP by itself, without gateway and service: what a package runs.

    python -m runyard.runtime.model --http 5001     in the app root, with `.runyard/serving.json`

The process is the replica's supervisor, as elsewhere. Beside it a thread has the loop in which this
room lives: it takes the place of the gateway for the worker, and answers clients as that does.

    program    the command line            server     ports, and the connections that come
    requests   reading HTTP/1.1            responses  writing it
    site       which answer a request gets desk       who waits for the worker, and what it has
"""
