"""What makes runs happen: placement, attempts, jobs and gangs, and what is sealed at the end."""
