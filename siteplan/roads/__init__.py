"""Road access: verdicts, best ways, suspected gaps, coverage."""
