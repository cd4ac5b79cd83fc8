"""Water: pipes and points as a network, who is reached, what the sources can give, pressures, service levels, works."""
