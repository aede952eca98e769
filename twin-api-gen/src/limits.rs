//! Lists the limits that bound the time and memory of the generator for every document.
//!
//! Limits of texts, such as the length of a quotation, are beside the code that prints them.

use std::time::Duration;

/// The stack size of the thread that generates, in bytes. It suffices for every document that the
/// parser accepts: at most 127 levels, and one small frame for each reference in a chain. Unused
/// pages of the stack take no memory.
pub(crate) const STACK_BYTES: usize = 256 << 20;

/// The maximum time to look for the part of the document that makes progenitor fail. After that, the
/// error has no pointer, because a quick error is more useful than a complete one.
pub(crate) const MAX_BLAME_TIME: Duration = Duration::from_secs(3);

/// The maximum number of schemas, properties and values. Each takes about 53 KB during generation,
/// so this limit keeps the memory, including the stack, below 1 GiB. Public documents of 3 MB have
/// 5,000 to 9,000.
pub(crate) const MAX_SCHEMAS: usize = 14_000;

/// The maximum nesting of a document that is lowered, because the rules recurse. The limit of
/// [`parse`](crate::parse::parse) is lower, but copies of shared parts add levels.
pub(crate) const MAX_DEPTH: usize = 256;

/// The maximum total length of all pointers in a document, in bytes. Each rule builds the pointers
/// anew.
pub(crate) const MAX_POINTER_BYTES: usize = 256 << 20;

/// The maximum total length of diagnostics, in bytes. Further diagnostics are only counted.
pub(crate) const MAX_DIAGNOSTIC_BYTES: usize = 32 << 20;

/// The maximum number of bytes that the lowering copies from one place of a document to others.
pub(crate) const MAX_COPIED_BYTES: usize = 64 << 20;

/// The maximum number of bytes that `identify` copies from shared responses and parameters into
/// operations. A document may refer to a large response many times.
pub(crate) const MAX_SHARED_BYTES: usize = 32 << 20;

/// The maximum length of a chain of references, or of inheritance by `allOf`. A longer chain counts
/// as a cycle.
pub(crate) const MAX_REFERENCE_CHAIN: usize = 100;

/// The maximum number of wrappers that are removed from a schema, which ends cycles.
pub(crate) const MAX_WRAPPERS: usize = 32;

/// The maximum nesting of `allOf` that is merged for an entity.
pub(crate) const MAX_ALL_OF_DEPTH: usize = 32;

/// The maximum number of schemas that are searched for one step of a place.
pub(crate) const MAX_VISITED_SCHEMAS: usize = 1_000;

/// The maximum nesting of lists whose element types are compared with a known fact.
pub(crate) const MAX_LIST_DEPTH: usize = 8;

/// The maximum depth of inheritance by discriminator.
pub(crate) const MAX_GENERATIONS: usize = 16;

/// The maximum number of alternatives of a union that are compared pairwise.
pub(crate) const MAX_COMPARED_ALTERNATIVES: usize = 32;

/// The maximum number of alternatives of a tagged union.
pub(crate) const MAX_TAGGED_ALTERNATIVES: usize = 256;

/// The maximum number of members that are tried as the tag of a union.
pub(crate) const MAX_TAG_CANDIDATES: usize = 8;

/// The maximum number of rounds that replace invalid parts of known operations. One round repairs
/// what one lowering reports, and the next lowering may report more.
pub(crate) const MAX_REPAIR_ROUNDS: usize = 8;

/// The maximum number of rounds that merge `allOf`, because a merged schema may need merging again.
pub(crate) const MAX_MERGE_ROUNDS: usize = 4;

/// The maximum number of rounds in which the generator leaves out operations. Each round leaves out
/// every operation that was found to fail, so few rounds are needed.
pub(crate) const MAX_WRITE_ROUNDS: usize = 3;

/// The maximum nesting of structs that is searched for the enums that distinguish the alternatives
/// of a union.
pub(crate) const MAX_DISCRIMINATOR_DEPTH: usize = 2;
