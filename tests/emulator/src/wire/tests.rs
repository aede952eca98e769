//! What arrives at a client that reads bytes: no HTTP library is on its side.

mod ends;
mod flow;
mod gate;
mod rig;
