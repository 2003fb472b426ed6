"""The loop that makes intent true: runs and clusters."""
