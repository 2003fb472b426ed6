"""Remembers: records, metric series, blobs, logs and the folders of datastores."""
