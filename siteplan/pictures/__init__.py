"""A `MapPage` -> a still picture for print and documents."""
