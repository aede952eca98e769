//! The facts about one reading of a list by page number, and about the last page in it.
//!
//! The pager makes the decisions.

/// The facts about one reading of the list, from its first page to its end.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fault")]
pub(super) struct Reading {
    pub(super) number: u32,
    /// How many items a full page has.
    pub(super) size: Option<u64>,
    /// The total on the page before.
    pub(super) total: Option<u64>,
    /// How many different items came.
    pub(super) came: u64,
    /// How many came twice.
    pub(super) repeats: u64,
    /// The highest page that was used.
    pub(super) furthest: u64,
    /// The total changed by another number than the items moved by, and is not reliable.
    pub(super) odd: bool,
    /// A page was not linked.
    pub(super) gap: bool,
    /// A page was not linked after a repeated item, so that other items may have come before.
    pub(super) unsure: bool,
    /// A page before the last one had another size.
    pub(super) uneven: bool,
    /// How many items of the reading before have not come again in this one; `None` if that
    /// proves nothing.
    pub(super) unconfirmed: Option<u64>,
}

impl Reading {
    /// Compares the rise of the total since the page before, from the first value to the second,
    /// with the number of items of this page that moved down.
    pub(super) fn compare(
        &mut self,
        page: u64,
        totals: (Option<u64>, Option<u64>),
        moved: u64,
        came: u64,
    ) {
        let further = self.furthest > 0 && page > self.furthest;
        self.furthest = self.furthest.max(page);
        if let (true, (Some(before), Some(total))) = (further, totals) {
            let more = total.checked_sub(before).map(|more| more.min(came));
            self.odd |= more != Some(moved);
        }
    }
}

/// The position from which a stream is resumed.
#[derive(Debug)]
pub(super) struct Resumed {
    /// The last items that came, in their order.
    pub(super) last: Vec<String>,
    pub(super) found: Overlap,
    /// How many items of the list were before the position, if the page size was known.
    pub(super) end: Option<u64>,
    /// The total when the position was stored.
    pub(super) total: Option<u64>,
}

/// Which of the last items before a position were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlap {
    /// None: which items of a page came before is not known.
    Nothing,
    /// Some of them, but not the last one, which is on the next page or was deleted.
    Part,
    /// The last one, so that all items after it are new.
    Whole,
}

/// The last page that was used.
pub(super) struct LastPage {
    /// How many items it held.
    pub(super) came: u64,
    /// Whether any was new to the reading.
    pub(super) fruit: bool,
    /// Whether the list ends with it.
    pub(super) ends: bool,
    /// The total if it is reliable, and as the response has it.
    pub(super) total: Option<u64>,
    pub(super) said: Option<u64>,
    /// The number of items up to its end.
    pub(super) extent: Option<u64>,
}

/// How a page is linked to those before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Link {
    Linked,
    /// It may not be linked.
    Gap,
    /// It is not linked: go back this many pages.
    Back(u64),
}
