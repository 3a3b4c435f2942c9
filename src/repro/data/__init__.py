"""DVC's hashes, manifests and pointers, and the object store that keeps the bytes of runs."""
