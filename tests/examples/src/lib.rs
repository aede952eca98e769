//! This library is empty. The package exists for its examples.
