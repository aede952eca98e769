//! Adds example data, and agents, runs and events in bulk.

use serde_json::json;

use super::call::RoutedRequest;
use super::fault::Shift;
use super::lifecycle::RunStep;
use super::runs::{Outcome, Run, RunMode};
use super::world::World;

impl World {
    /// The identifier of the agent in the examples of the reference.
    pub(super) const EXAMPLE_AGENT: &str = "agent_abc123";

    /// Adds the examples of the reference: the deployed agent `agent_abc123` with the run
    /// `run_xyz789`, which completed.
    pub fn add_example(&mut self) {
        let (agent, run) = (Self::EXAMPLE_AGENT, "run_xyz789");
        self.add_deployed_agent(agent);
        self.begin(agent, Run::new(run, RunMode::Run, self.now));
        self.apply_step(agent, run, &RunStep::Event("ToolCallStarted".to_owned()));
        self.apply_step(agent, run, &RunStep::Complete(Outcome::Success));
    }

    /// Adds everything that the examples of the reference name, so that each example request
    /// succeeds.
    ///
    /// This adds the data of [`World::add_example`], the workspaces `proj_001` and `proj_002`, the API
    /// key with the identifier `abc123`, and a schedule and a webhook of the agent.
    ///
    /// ```
    /// use twin_emulator::{Emulator, Profile, World};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let service = Emulator::builder(Profile::Documented).start().await?;
    /// service.with(World::add_reference_examples);
    /// // Now GET /v1/agents/agent_abc123/schedule returns the schedule.
    /// println!("{} with the key {}", service.url(), service.api_key());
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_reference_examples(&mut self) {
        self.add_example();
        self.add_workspace("proj_001", "Marketing Agents");
        self.add_workspace("proj_002", "Research Agents");
        self.add_key("abc123", "my-integration");
        self.add_schedule(Self::EXAMPLE_AGENT, "0 0 9 * * * *");
        self.add_webhook(Self::EXAMPLE_AGENT, "01234567-89ab-cdef-0123-456789abcdef");
    }

    /// Adds completed runs without events to an agent. Webhooks get no deliveries for them. Does
    /// nothing if there is no such agent.
    pub fn add_runs(&mut self, agent_id: &str, count: u64) {
        (0..count).for_each(|_| self.add_old_run(agent_id));
    }

    /// Adds events of the kind `ToolOutputSummary` to a run. Does nothing if there is no such run.
    pub fn add_events(&mut self, agent_id: &str, run_id: &str, count: u64) {
        for number in 0..count {
            self.record(agent_id, run_id, "ToolOutputSummary", &json!({"number": number}));
        }
    }

    /// Changes a list between two pages: removes the newest items, then adds new ones, which are
    /// the newest. Nothing is removed from a list of events.
    pub(super) fn shift(&mut self, operation: &str, call: &RoutedRequest<'_>, shift: Shift) {
        let Shift { insert, remove } = shift;
        let agent_id = call.id("agent_id");
        match operation {
            "list_agents" => {
                (0..remove).for_each(|_| self.remove_newest_agent());
                self.add_agents(insert);
            }
            "list_runs" => {
                (0..remove).for_each(|_| self.remove_newest_run(agent_id));
                (0..insert).for_each(|_| self.launch_unscripted(agent_id));
            }
            "list_run_events" => self.add_events(agent_id, call.id("run_id"), insert),
            _ => {}
        }
    }

    fn remove_newest_agent(&mut self) {
        if let Some(id) = self.agents.newest() {
            self.agents.remove(&id);
        }
    }

    fn remove_newest_run(&mut self, agent_id: &str) {
        let Some(agent) = self.agents.get_mut(agent_id) else { return };
        if let Some(id) = agent.runs.latest().map(|run| run.id.clone()) {
            agent.runs.remove(&id);
        }
    }
}
