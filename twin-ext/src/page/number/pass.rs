//! The account of one reading of a list by page number, and of the last page in it.
//!
//! It makes no decision.

/// What is known of one reading of the list, from its first page to its end.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that can go wrong by itself")]
pub(super) struct Pass {
    pub(super) number: u32,
    /// How many items a full page has.
    pub(super) size: Option<u64>,
    /// The total, as of the page before.
    pub(super) total: Option<u64>,
    /// How many different items came in it.
    pub(super) came: u64,
    /// How many came twice.
    pub(super) repeats: u64,
    /// The highest page of which use was made.
    pub(super) furthest: u64,
    /// The total changed otherwise than the items moved: it is not to be relied upon.
    pub(super) odd: bool,
    /// A page was not linked.
    pub(super) gap: bool,
    /// One was not after something had come twice: other items may have come before.
    pub(super) unsure: bool,
    /// A page that was not the last had another size.
    pub(super) uneven: bool,
    /// How many items of the pass before have not come again in this one; `None` where that
    /// would show nothing.
    pub(super) unconfirmed: Option<u64>,
}

/// The place from which a stream is resumed.
#[derive(Debug)]
pub(super) struct Resumed {
    /// The last items that came, in their order.
    pub(super) last: Vec<String>,
    pub(super) found: Found,
    /// Behind how many items of the list the place was, if the size of a page was known.
    pub(super) end: Option<u64>,
    /// How many items there were then.
    pub(super) total: Option<u64>,
}

/// How much was found of the last items before a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// None of them: it is not known which items of a page came before.
    Nothing,
    /// Some of them, but not the last one, which is on the next page or was deleted.
    Part,
    /// The last one, so that everything after it is new.
    Whole,
}

/// The page of which use was made last.
pub(super) struct Last {
    /// How many items it held.
    pub(super) came: u64,
    /// Whether any was new to the pass.
    pub(super) fruit: bool,
    /// Whether the list ends with it.
    pub(super) ends: bool,
    /// The total, if it is to be relied upon, and as it was said.
    pub(super) total: Option<u64>,
    pub(super) said: Option<u64>,
    /// Behind how many items it ends.
    pub(super) extent: Option<u64>,
}

/// How a page is linked to those before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Link {
    Linked,
    /// It cannot be told.
    Gap,
    /// It is not: go back so many pages.
    Back(u64),
}
