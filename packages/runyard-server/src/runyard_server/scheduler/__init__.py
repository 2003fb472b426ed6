"""The loop that makes intent true, and a reconciler for each kind of subject."""
