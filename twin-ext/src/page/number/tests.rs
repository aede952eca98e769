//! Tests which page the pager requests next, one response after the other.

use super::*;

struct Item(String);

impl Identified for Item {
    fn id(&self) -> &str {
        &self.0
    }
}

/// Takes a page. Returns the new items and the next page, `None` at the end of the list.
fn take(
    pager: &mut NumberPager<Item>,
    ids: &[u32],
    total: Option<u64>,
) -> (Vec<String>, Option<u64>) {
    let items = ids.iter().map(|id| Item(id.to_string())).collect();
    let update = pager.take(NumberedPage { items, total, page: None, size: None });
    let next = match update.action {
        PagerAction::Continue => Some(pager.request()),
        PagerAction::End => None,
        PagerAction::Fail(message) => panic!("{message}"),
    };
    (update.items.into_iter().map(|item| item.0).collect(), next)
}

/// Takes a page and returns the next page.
fn next(pager: &mut NumberPager<Item>, ids: &[u32], total: Option<u64>) -> Option<u64> {
    take(pager, ids, total).1
}

fn resumed(number: u64, last: &str, total: Option<u64>) -> NumberPager<Item> {
    let last = vec![last.to_owned()];
    let received = (number - 1) * 2;
    NumberPager::new(Some(PageLocation {
        number,
        total,
        size: Some(2),
        last,
        received,
        gap: false,
    }))
}

fn has_gap(pager: &NumberPager<Item>) -> bool {
    matches!(pager.position().0, Location::Page(PageLocation { gap: true, .. }))
}

#[test]
fn page_that_overlaps_is_linked_although_the_total_fell() {
    let mut pager = NumberPager::new(None);
    assert_eq!(next(&mut pager, &[1, 2], Some(6)), Some(2));
    assert_eq!(next(&mut pager, &[2, 3], Some(5)), Some(3));
}

#[test]
fn list_that_grows_at_its_front_is_read_once() {
    let mut pager = NumberPager::new(None);
    assert_eq!(next(&mut pager, &[1, 2], Some(4)), Some(2));
    assert_eq!(next(&mut pager, &[2, 3], Some(5)), Some(3));
    assert_eq!(next(&mut pager, &[3, 4], Some(6)), Some(4));
    assert_eq!(next(&mut pager, &[], Some(6)), None);
}

#[test]
fn going_back_does_not_count_the_items_of_a_page_twice() {
    let mut pager = NumberPager::new(None);
    assert_eq!(next(&mut pager, &[1, 2], Some(8)), Some(2));
    assert_eq!(next(&mut pager, &[3, 4], Some(8)), Some(3));
    // The last three items were deleted.
    assert_eq!(next(&mut pager, &[5], Some(5)), Some(1));
    assert_eq!(next(&mut pager, &[1, 2], Some(5)), Some(2));
    assert_eq!(next(&mut pager, &[3, 4], Some(5)), Some(3));
    assert_eq!(next(&mut pager, &[5], Some(5)), None);
}

#[test]
fn resumed_list_goes_back_a_page_if_nothing_shows_its_position() {
    let mut pager = resumed(3, "4", None);
    assert_eq!(next(&mut pager, &[7, 8], None), Some(2));
}

#[test]
fn resumed_list_that_is_back_at_its_start_drops_the_items_before_its_position() {
    let mut pager = resumed(2, "2", None);
    assert_eq!(next(&mut pager, &[9, 10], None), Some(1));
    assert_eq!(take(&mut pager, &[1, 2], None), (Vec::new(), Some(2)));

    // None of the stored items exists any more, so the list is read from its start.
    let mut pager = resumed(2, "2", None);
    assert_eq!(next(&mut pager, &[9, 10], None), Some(1));
    assert_eq!(take(&mut pager, &[5, 6], None), (vec!["5".into(), "6".into()], Some(2)));
    assert_eq!(next(&mut pager, &[7, 8], None), Some(3));
}

#[test]
fn resumed_list_compares_the_total_with_the_items_that_moved() {
    // One item was added in front of the position, so that the last item before it is on page 3.
    let mut pager = resumed(3, "4", Some(6));
    assert_eq!(next(&mut pager, &[4, 5], Some(7)), Some(4));
    assert_eq!(next(&mut pager, &[6], Some(7)), None);

    // The total says that two were added.
    let mut pager = resumed(3, "4", Some(6));
    assert_eq!(next(&mut pager, &[4, 5], Some(8)), Some(4));
    assert_eq!(next(&mut pager, &[6, 7], Some(8)), Some(5));
    assert_eq!(next(&mut pager, &[], Some(8)), Some(1));

    // One item was deleted in front of the position, so that the pager goes back.
    let mut pager = resumed(3, "4", Some(6));
    assert_eq!(next(&mut pager, &[6], Some(5)), Some(2));
    assert_eq!(take(&mut pager, &[4, 5], Some(5)), (vec!["5".into()], Some(3)));
    assert_eq!(next(&mut pager, &[6], Some(5)), None);
}

#[test]
fn resumed_list_does_not_compare_totals_before_it_finds_a_stored_item() {
    let mut pager = resumed(3, "4", Some(6));
    assert_eq!(next(&mut pager, &[7, 8], Some(7)), Some(4));
    assert_eq!(next(&mut pager, &[9, 10], Some(8)), Some(5));
    assert_eq!(next(&mut pager, &[], Some(8)), None);
}

#[test]
fn list_with_linked_pages_and_no_total_is_read_again() {
    let mut pager = NumberPager::new(None);
    assert_eq!(next(&mut pager, &[1, 2], None), Some(2));
    assert_eq!(next(&mut pager, &[2, 3], None), Some(3));
    assert_eq!(next(&mut pager, &[3], None), Some(1));
    // The first reading showed the size of a page, so that this page is known to be the last.
    assert_eq!(next(&mut pager, &[1], None), None);
}

#[test]
fn duplicate_before_a_gap_prevents_confirmation_by_the_next_reading() {
    for (second, confirmed) in [([3, 4], true), ([2, 3], false)] {
        let mut pager = NumberPager::new(None);
        assert_eq!(next(&mut pager, &[1, 2], None), Some(2));
        assert_eq!(next(&mut pager, &second, None), Some(3));
        assert_eq!(next(&mut pager, &[5, 6], None), Some(4));
        assert_eq!(next(&mut pager, &[], None), Some(1));
        // The second reading contains all items of the first.
        assert_eq!(next(&mut pager, &[1, 2], None), Some(2));
        assert_eq!(next(&mut pager, &second, None), Some(3));
        assert_eq!(next(&mut pager, &[5, 6], None), (!confirmed).then_some(4));
    }
}

#[test]
fn short_page_above_a_total_that_is_too_low_ends_the_reading() {
    let mut pager = NumberPager::new(None);
    assert_eq!(next(&mut pager, &[1, 2], Some(2)), Some(2));
    assert_eq!(next(&mut pager, &[3], Some(2)), Some(1));
}

#[test]
fn position_after_a_page_of_another_size_is_uncertain() {
    let mut pager = NumberPager::new(None);
    assert_eq!(next(&mut pager, &[1, 2], Some(5)), Some(2));
    assert!(!has_gap(&pager));
    assert_eq!(next(&mut pager, &[3], Some(5)), Some(3));
    assert!(has_gap(&pager));
}
