"""Git, behind one seam: plumbing where speed is the product, GitPython for history."""
