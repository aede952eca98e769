//! Tests of the generator: names, surface, hostile documents, and a compiled specimen client.

mod bad_input;
mod hostile_text;
mod names;
mod openapi;
mod specimen;
mod surface;
