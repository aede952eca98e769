//! Tests the bytes that arrive at a client without an HTTP library.

mod ends;
mod flow;
mod gate;
mod rig;
