"""Projects: their stages, where they stand, and the county as it will be when they are done."""
