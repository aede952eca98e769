//! Implements [`Paginate`] for the builder of each list operation.
//!
//! Each request clones the builder and sets the parameter that selects the page, so the filters
//! stay the same.

use twin_api::builder::{
    ListAgents, ListApiKeys, ListInstructionVersions, ListRunEvents, ListRuns, ListSchedules,
    ListWebhooks, ListWorkspaces,
};
use twin_api::types::{
    Agent, ApiKey, InstructionVersion, Run, RunEvent, Schedule, Webhook, Workspace,
};
use twin_api::{Call, LenientInteger};

use super::cursor::{CursorPage, CursorPager, CursorRequest, Identified};
use super::engine::Engine;
use super::index::{EventsPage, EventsRequest, IndexPager};
use super::number::{NumberPager, NumberedPage};
use super::sealed::Sealed;
use super::single::SinglePager;
use super::{Items, Pages, Paginate};
use crate::error::{Error, ErrorKind, Failure, Outcome};
use crate::position::{Location, Position};

impl Identified for Agent {
    fn id(&self) -> &str {
        &self.agent_id
    }
}

impl Identified for Run {
    fn id(&self) -> &str {
        &self.run_id
    }
}

/// Implements [`Paginate`] with a function that creates the stream from a location.
macro_rules! paginate {
    ($list:ident, $item:ty, $from:path) => {
        impl Sealed for $list<'_> {}

        impl<'a> Paginate for $list<'a> {
            type Item = $item;
            type Pages = Pages<'a, $item>;
            type Items = Items<'a, $item>;

            fn items(self) -> Self::Items {
                self.items_from(Position(Location::Start))
            }

            fn pages(self) -> Self::Pages {
                self.pages_from(Position(Location::Start))
            }

            fn pages_from(self, position: Position) -> Self::Pages {
                $from(self, position.0).unwrap_or_else(Pages::failed)
            }

            fn items_from(self, position: Position) -> Self::Items {
                Items::new(self.pages_from(position.clone()), position)
            }
        }
    };
}

paginate!(ListAgents, Agent, agents);
paginate!(ListRuns, Run, runs);
paginate!(ListRunEvents, RunEvent, events);
paginate!(ListApiKeys, ApiKey, api_keys);
paginate!(ListWebhooks, Webhook, webhooks);
paginate!(ListSchedules, Schedule, schedules);
paginate!(ListWorkspaces, Workspace, workspaces);
paginate!(ListInstructionVersions, InstructionVersion, instruction_versions);

fn agents(list: ListAgents<'_>, location: Location) -> Result<Pages<'_, Agent>, Error> {
    let cursor = match location {
        Location::Start => None,
        Location::Cursor(cursor) => Some(cursor),
        other => return Err(wrong_position(&other, "uses cursors")),
    };
    let pager = CursorPager::new(cursor, limit_of(&list));
    Ok(Pages::new(Engine::new(ListAgents::OPERATION, pager, move |request: CursorRequest| {
        let list = match (list.clone(), request) {
            (list, CursorRequest::Page(None)) => list,
            (list, CursorRequest::Page(Some(cursor))) => list.cursor(cursor),
            (list, CursorRequest::FirstPage(limit)) => list.limit(limit),
        };
        Box::pin(async move {
            let page = list.send().await?.into_inner();
            Ok(CursorPage { items: page.agents, next: page.next_cursor })
        })
    })))
}

/// Returns the `limit` of a builder.
fn limit_of(list: &ListAgents<'_>) -> Option<u64> {
    u64::try_from(list.limit.as_ref().ok().copied()??).ok()
}

fn runs(list: ListRuns<'_>, location: Location) -> Result<Pages<'_, Run>, Error> {
    let pager = NumberPager::new(match location {
        Location::Start => None,
        Location::Page(numbered) => Some(numbered),
        other => return Err(wrong_position(&other, "uses page numbers")),
    });
    Ok(Pages::new(Engine::new(ListRuns::OPERATION, pager, move |page: u64| {
        let list = list.clone();
        Box::pin(async move {
            let page = list.page(page).send().await?.into_inner();
            Ok(NumberedPage {
                items: page.runs,
                total: page.total_runs.as_ref().and_then(LenientInteger::get),
                page: page.page,
                size: page.page_size.and_then(|size| u64::try_from(size).ok()),
            })
        })
    })))
}

fn events(list: ListRunEvents<'_>, location: Location) -> Result<Pages<'_, RunEvent>, Error> {
    let pager = IndexPager::new(match location {
        Location::Start => None,
        Location::Event(indexed) => Some(indexed),
        other => return Err(wrong_position(&other, "uses indexes")),
    });
    Ok(Pages::new(Engine::new(
        ListRunEvents::OPERATION,
        pager,
        move |EventsRequest { after, one }| {
            let list = list.clone();
            Box::pin(async move {
                let list = match after {
                    Some(after) => list.after_index(after),
                    None => list,
                };
                let list = if one { list.limit(1) } else { list };
                let page = list.send().await?.into_inner();
                let total = page.total_count.as_ref().and_then(LenientInteger::get);
                Ok(EventsPage { items: page.events, total })
            })
        },
    )))
}

/// Defines the function for a list that the service returns in one response.
macro_rules! single {
    ($function:ident, $list:ident, $item:ty, $member:ident) => {
        fn $function(list: $list<'_>, location: Location) -> Result<Pages<'_, $item>, Error> {
            if location != Location::Start {
                return Err(wrong_position(&location, "has only one page"));
            }
            Ok(Pages::new(Engine::new($list::OPERATION, SinglePager::new(), move |()| {
                let list = list.clone();
                Box::pin(async move { Ok(list.send().await?.into_inner().$member) })
            })))
        }
    };
}

single!(api_keys, ListApiKeys, ApiKey, keys);
single!(webhooks, ListWebhooks, Webhook, webhooks);
single!(schedules, ListSchedules, Schedule, schedules);
single!(workspaces, ListWorkspaces, Workspace, workspaces);
single!(instruction_versions, ListInstructionVersions, InstructionVersion, instruction_versions);

/// Builds the error for a position of another kind of list.
pub(crate) fn wrong_position(location: &Location, kind: &str) -> Error {
    let what = match location {
        Location::Start => "the start",
        Location::Cursor(_) => "a cursor",
        Location::Page(_) => "a page number",
        Location::Event(_) => "an index",
    };
    let message =
        format!("the position is {what}, but this list {kind}; use a position of the same list");
    Failure::new(ErrorKind::InvalidRequest, Outcome::NotSent, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_limit_of_a_builder() {
        let twin = crate::ClientBuilder::new("tw_live_canary").build().unwrap();
        assert_eq!(limit_of(&twin.list_agents()), None);
        assert_eq!(limit_of(&twin.list_agents().limit(7)), Some(7));
        assert_eq!(limit_of(&twin.list_agents().limit(-7)), None);
        assert_eq!(limit_of(&twin.list_agents().limit(u64::MAX)), None);
    }
}
