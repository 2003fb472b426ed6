"""Buckets and containers of object stores, as datastores have them.

`places` says where one is and what opens it, `opening` asks it through obstore, `files` has the
verbs that a folder's `Tree` has, and `addresses` makes addresses by which clients move bytes to
the store and back without the service in between. What of that obstore has no call for, parts
above all, is asked for in the stores' own protocols: `s3` and `azure`.

Only `places` may be imported without need: obstore takes the service 20 MB of memory.
"""
