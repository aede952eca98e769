//! Tests of the raw client: all 33 operations, refusals, and what reaches the wire.

mod operations;
mod raw;
mod whole_client;
