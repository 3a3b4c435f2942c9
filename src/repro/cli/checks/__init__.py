"""What ``repro doctor`` looks at, a module for each side of it."""
