"""The HTTP face: routes, authentication, streams and error mapping."""
