"""What all rules use: clock, identity, lookups, states and their events, leases, notices."""
