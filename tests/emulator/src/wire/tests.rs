//! Tests which bytes arrive at a client. The client is a plain TCP socket, without an HTTP library.

mod ends;
mod flow;
mod gate;
mod server;
