//! Lists the limits that keep time and memory of the generator bounded, whatever the document.
//!
//! Limits of texts, such as the length of a quotation, are beside the code that prints them.

use std::time::Duration;

/// The stack size of the thread that generates, in bytes. It suffices for every document that the parser accepts (at most 127 levels, and
/// one small frame per reference in a chain). Untouched pages take no memory.
pub(crate) const STACK_BYTES: usize = 256 << 20;

/// The maximum time to look for the part of the document that makes progenitor fail. A quick error
/// without a pointer is worth more than a late one with it.
pub(crate) const MAX_BLAME_TIME: Duration = Duration::from_secs(3);

/// The maximum number of schemas, properties and values. Each costs about 53 KB during generation, so this limit
/// keeps memory, with the stack, below 1 GiB. Public documents of 3 MB have 5,000 to 9,000.
pub(crate) const MAX_SCHEMAS: usize = 14_000;

/// The maximum nesting of a document. The rules recurse, and a document that was not parsed by
/// [`parse`](crate::parse::parse) may be nested more deeply.
pub(crate) const MAX_DEPTH: usize = 256;

/// The maximum total length of all pointers in a document, in bytes. Each rule builds them.
pub(crate) const MAX_POINTER_BYTES: usize = 256 << 20;

/// The maximum total length of diagnostics, in bytes. Further ones are only counted.
pub(crate) const MAX_DIAGNOSTIC_BYTES: usize = 32 << 20;

/// The maximum number of bytes that the lowering copies from one place of a document to others.
pub(crate) const MAX_COPIED_BYTES: usize = 64 << 20;

/// The maximum number of bytes of shared responses and parameters that are copied to their users. A
/// document may refer to a large response many times.
pub(crate) const MAX_SHARED_BYTES: usize = 32 << 20;

/// The maximum length of a chain of references, or of inheritance by `allOf`. A longer chain counts
/// as a cycle.
pub(crate) const MAX_REFERENCE_CHAIN: usize = 100;

/// The maximum number of wrappers around a schema that are removed. A longer chain counts as a cycle.
pub(crate) const MAX_WRAPPERS: usize = 32;

/// The maximum nesting of `allOf` in which the members of an entity are found.
pub(crate) const MAX_ALL_OF_DEPTH: usize = 32;

/// The maximum number of schemas that one step of a place visits.
pub(crate) const MAX_VISITED_SCHEMAS: usize = 1_000;

/// The maximum nesting of lists in which a fact is compared with the document.
pub(crate) const MAX_LIST_DEPTH: usize = 8;

/// The maximum depth of inheritance by discriminator.
pub(crate) const MAX_GENERATIONS: usize = 16;

/// The maximum number of alternatives of a union that are compared pairwise.
pub(crate) const MAX_COMPARED_ALTERNATIVES: usize = 32;

/// The maximum number of alternatives of a tagged union.
pub(crate) const MAX_TAGGED_ALTERNATIVES: usize = 256;

/// The maximum number of members that are tried as the tag of a union.
pub(crate) const MAX_TAG_CANDIDATES: usize = 8;

/// The maximum number of rounds that replace unreadable parts of known operations. Each rule of the
/// lowering finds its problems in one round.
pub(crate) const MAX_REPAIR_ROUNDS: usize = 8;

/// The maximum number of rounds that merge `allOf`. Merging may produce schemas that need merging again.
pub(crate) const MAX_MERGE_ROUNDS: usize = 4;

/// The maximum number of rounds in which the generator leaves out operations. Each round leaves out
/// all that were found, so few are needed.
pub(crate) const MAX_WRITE_ROUNDS: usize = 3;

/// The maximum depth at which the alternatives of an open union are compared.
pub(crate) const MAX_DISCRIMINATOR_DEPTH: usize = 2;
