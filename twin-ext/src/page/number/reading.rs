//! Records the state of one reading of a list by page number, and of its last page.
//!
//! [`NumberPager`](super::NumberPager) decides what follows from it.

/// The state of one reading of the list, from its first page to its end.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fault")]
pub(super) struct Reading {
    /// The number of the reading, from 1.
    pub(super) number: u32,
    /// The number of items on a full page.
    pub(super) size: Option<u64>,
    /// The total of the previous page.
    pub(super) total: Option<u64>,
    /// The number of different items.
    pub(super) received: u64,
    /// The number of duplicates.
    pub(super) repeats: u64,
    /// The highest page that was used.
    pub(super) furthest: u64,
    /// Whether the total did not rise by the number of items that moved down.
    pub(super) totals_wrong: bool,
    /// Whether a page could not be linked.
    pub(super) gap: bool,
    /// Whether a page could not be linked after a duplicate. Items may have moved before the gap.
    pub(super) uncertain: bool,
    /// Whether a page before the last one had another size.
    pub(super) sizes_differ: bool,
    /// The number of items of the previous reading that this reading does not contain yet. `None`
    /// if the two readings cannot be compared.
    pub(super) unconfirmed: Option<u64>,
}

impl Reading {
    /// Records that a page could not be linked.
    pub(super) fn record_gap(&mut self) {
        self.gap = true;
        self.uncertain |= self.repeats > 0;
    }

    /// Checks that the total rose by the number of items on this page that moved down.
    ///
    /// `totals` are those of the previous page and of this one; `count` is the number of items.
    pub(super) fn compare(
        &mut self,
        page: u64,
        totals: (Option<u64>, Option<u64>),
        moved: u64,
        count: u64,
    ) {
        let further = page > self.furthest;
        self.furthest = self.furthest.max(page);
        if let (true, (Some(before), Some(total))) = (further, totals) {
            let more = total.checked_sub(before).map(|more| more.min(count));
            self.totals_wrong |= more != Some(moved);
        }
    }
}

/// A stored position from which a stream is resumed.
#[derive(Debug)]
pub(super) struct Resumed {
    /// The last items before the position, in the order of the list.
    pub(super) last: Vec<String>,
    pub(super) found: Overlap,
    /// The number of items before the position, if the page size was known.
    pub(super) end: Option<u64>,
    /// The total when the position was stored.
    pub(super) total: Option<u64>,
}

/// Which of the stored items before a position were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlap {
    /// None, so that known and new items cannot be distinguished.
    Nothing,
    /// Some, but not the last one. It is on the next page, or was deleted.
    Part,
    /// The last one, so that all later items are new.
    Whole,
}

/// The last page whose items were used.
pub(super) struct LastPage {
    /// The number of items on the page.
    pub(super) items: u64,
    /// Whether any item was new to the reading.
    pub(super) any_new: bool,
    /// Whether the list ends with this page.
    pub(super) ends: bool,
    /// The total, if the pager trusts it.
    pub(super) total: Option<u64>,
    /// The total in the response.
    pub(super) reported_total: Option<u64>,
    /// The number of items of the list up to the end of this page.
    pub(super) extent: Option<u64>,
}

/// How a page is linked to the pages before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PageLink {
    Linked,
    /// The page cannot be linked: items may be missing before it.
    Gap,
    /// The page is not linked: the pager must go back this many pages.
    Back(u64),
}
