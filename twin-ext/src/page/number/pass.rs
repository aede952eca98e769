//! What is kept of one reading of a list by page number, and of the last page in it.
//!
//! It decides nothing.

/// What is known of one reading of the list, from its first page to its end.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that can go wrong, or not")]
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
    /// How many pages to go back, when going back; 0 otherwise.
    pub(super) back: u64,
    /// How many items of the pass before have not come again in this one; `None` where that
    /// would show nothing.
    pub(super) unconfirmed: Option<u64>,
}

/// From where a stream goes on.
#[derive(Debug)]
pub(super) struct Resumed {
    /// The last items that came, in their order.
    pub(super) last: Vec<String>,
    /// The place was met.
    pub(super) met: bool,
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
