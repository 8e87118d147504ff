"""From lesson text to notebooks and pages. It knows everybody, and nobody knows it."""
