//! Nothing: the package is its examples.
