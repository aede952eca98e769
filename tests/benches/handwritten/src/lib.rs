//! A hand-written client of the Twin API: one struct per schema and one function per operation.

// Length: like the generated client, it is one file.

use reqwest::{Client as Http, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Agent {
    pub agent_id: String,
    pub latest_run_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<String>,
    pub latest_run_is_finished: bool,
    pub has_runs: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    pub deployment_state: DeploymentState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiKey {
    pub key_id: String,
    pub name: String,
    pub display_prefix: String,
    pub created_at: i64,
    pub last_used_at: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CancelRunBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CancelRunResponse {
    pub error: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateAgentBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_subagent: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_from_agent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateAgentResponse {
    pub agent: Agent,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateApiKeyBody {
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateApiKeyResponse {
    pub key_id: String,
    pub name: String,
    pub api_key: String,
    pub display_prefix: String,
    pub created_at: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateWebhookBody {
    pub url: String,
    pub events: Vec<WebhookEventType>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateWebhookResponse {
    pub webhook_id: String,
    pub url: String,
    pub events: Vec<WebhookEventType>,
    pub signing_secret: String,
    pub status: WebhookStatus,
    pub created_at: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateWorkspaceBody {
    pub name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateWorkspaceResponse {
    pub workspace: Workspace,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteScheduleResponse {
    pub success: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteWorkspaceResponse {
    pub deleted: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum DeploymentState {
    #[serde(rename = "deployed")]
    Deployed,
    #[serde(rename = "not_deployed")]
    NotDeployed,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetAgentResponse {
    pub agent: Agent,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetInstructionsResponse {
    pub instructions: Instructions,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetMeResponse {
    pub user_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetScheduleResponse {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstructionVersion {
    pub content: String,
    pub created_at: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Instructions {
    pub content: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListAgentsResponse {
    pub agents: Vec<Agent>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListApiKeysResponse {
    pub keys: Vec<ApiKey>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListInstructionVersionsResponse {
    pub instruction_versions: Vec<InstructionVersion>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListRunEventsResponse {
    pub events: Vec<RunEvent>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListRunsResponse {
    pub runs: Vec<Run>,
    pub total_runs: String,
    pub page: i64,
    pub page_size: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListSchedulesResponse {
    pub schedules: Vec<Schedule>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListWebhooksResponse {
    pub webhooks: Vec<Webhook>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListWorkspacesResponse {
    pub workspaces: Vec<Workspace>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MoveAgentBody {
    pub workspace_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MoveAgentResponse {
    pub success: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PauseScheduleResponse {
    pub success: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum PolicyGroup {
    #[serde(rename = "builder")]
    Builder,
    #[serde(rename = "runner")]
    Runner,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: i64,
    pub detail: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReorderWorkspacesBody {
    pub workspace_ids: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReorderWorkspacesResponse {
    pub success: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResumeScheduleResponse {
    pub success: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevokeApiKeyResponse {
    pub revoked: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    pub run_id: String,
    pub agent_id: String,
    pub status: RunStatus,
    pub started_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_finished: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_paused: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_number: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_type: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunEvent {
    pub index: i64,
    pub event: serde_json::Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum RunMode {
    #[serde(rename = "run")]
    Run,
    #[serde(rename = "build")]
    Build,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum RunOutcome {
    #[serde(rename = "success")]
    Success,
    #[serde(rename = "partial")]
    Partial,
    #[serde(rename = "fail")]
    Fail,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum RunStatus {
    #[serde(rename = "in_progress")]
    InProgress,
    #[serde(rename = "completed")]
    Completed,
    #[serde(rename = "finished")]
    Finished,
    #[serde(rename = "error")]
    Error,
    #[serde(rename = "stopped")]
    Stopped,
    #[serde(rename = "paused")]
    Paused,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Schedule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    pub cron: String,
    pub paused: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetScheduleBody {
    pub cron: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetScheduleResponse {
    pub success: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartRunBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_mode: Option<RunMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_deploy_check: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartRunResponse {
    pub run: Run,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateInstructionsBody {
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateInstructionsResponse {
    pub success: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateWebhookBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<WebhookEventType>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WebhookStatus>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateWorkspaceBody {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_config: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateWorkspaceResponse {
    pub workspace: Workspace,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Webhook {
    pub webhook_id: String,
    pub agent_id: String,
    pub user_id: String,
    pub url: String,
    pub events: Vec<WebhookEventType>,
    pub status: WebhookStatus,
    pub created_at: String,
    pub updated_at: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum WebhookEventType {
    #[serde(rename = "run.started")]
    RunStarted,
    #[serde(rename = "run.completed")]
    RunCompleted,
    #[serde(rename = "run.failed")]
    RunFailed,
    #[serde(rename = "run.stopped")]
    RunStopped,
    #[serde(rename = "run.paused")]
    RunPaused,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum WebhookStatus {
    #[serde(rename = "active")]
    Active,
    #[serde(rename = "disabled")]
    Disabled,
    #[serde(untagged)]
    Unknown(String),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Workspace {
    pub workspace_id: String,
    pub name: String,
}

#[derive(Debug)]
pub enum Error {
    Http(reqwest::Error),
    Problem(u16, Box<Problem>),
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

pub struct Client {
    http: Http,
    base: String,
    key: String,
}

impl Client {
    pub fn new(base: &str, key: &str) -> Result<Self, Error> {
        #[cfg(feature = "rustls-ring")]
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let http = Http::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, base: base.to_owned(), key: key.to_owned() })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).header("x-api-key", &self.key)
    }

    async fn checked(request: RequestBuilder) -> Result<reqwest::Response, Error> {
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(Error::Problem(answer.status().as_u16(), Box::new(answer.json().await?)))
    }

    async fn call<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
        Ok(Self::checked(request).await?.json().await?)
    }

    pub async fn list_api_keys(&self) -> Result<ListApiKeysResponse, Error> {
        Self::call(self.request(Method::GET, "/api/public/v1/access-api-keys")).await
    }

    pub async fn create_api_key(
        &self,
        body: &CreateApiKeyBody,
    ) -> Result<CreateApiKeyResponse, Error> {
        Self::call(self.request(Method::POST, "/api/public/v1/access-api-keys").json(body)).await
    }

    pub async fn revoke_api_key(&self, key_id: &str) -> Result<RevokeApiKeyResponse, Error> {
        Self::call(
            self.request(Method::DELETE, &format!("/api/public/v1/access-api-keys/{key_id}")),
        )
        .await
    }

    pub async fn get_me(&self) -> Result<GetMeResponse, Error> {
        Self::call(self.request(Method::GET, "/v1/me")).await
    }

    pub async fn list_agents(
        &self,
        workspace_id: Option<&str>,
        cursor: Option<&str>,
        limit: Option<i64>,
    ) -> Result<ListAgentsResponse, Error> {
        Self::call(
            self.request(Method::GET, "/v1/agents")
                .query(&[("workspace_id", workspace_id)])
                .query(&[("cursor", cursor)])
                .query(&[("limit", limit)]),
        )
        .await
    }

    pub async fn create_agent(&self, body: &CreateAgentBody) -> Result<CreateAgentResponse, Error> {
        Self::call(self.request(Method::POST, "/v1/agents").json(body)).await
    }

    pub async fn get_agent(&self, agent_id: &str) -> Result<GetAgentResponse, Error> {
        Self::call(self.request(Method::GET, &format!("/v1/agents/{agent_id}"))).await
    }

    pub async fn delete_agent(&self, agent_id: &str) -> Result<(), Error> {
        Self::checked(self.request(Method::DELETE, &format!("/v1/agents/{agent_id}")))
            .await
            .map(|_| ())
    }

    pub async fn list_runs(
        &self,
        agent_id: &str,
        page: Option<i64>,
        page_size: Option<i64>,
        filter_status: Option<&str>,
        filter_run_id: Option<&str>,
        filter_started_after: Option<&str>,
        filter_started_before: Option<&str>,
        filter_policy_type: Option<&str>,
        filter_policy_group: Option<&str>,
    ) -> Result<ListRunsResponse, Error> {
        Self::call(
            self.request(Method::GET, &format!("/v1/agents/{agent_id}/runs"))
                .query(&[("page", page)])
                .query(&[("page_size", page_size)])
                .query(&[("filter_status", filter_status)])
                .query(&[("filter_run_id", filter_run_id)])
                .query(&[("filter_started_after", filter_started_after)])
                .query(&[("filter_started_before", filter_started_before)])
                .query(&[("filter_policy_type", filter_policy_type)])
                .query(&[("filter_policy_group", filter_policy_group)]),
        )
        .await
    }

    pub async fn start_run(
        &self,
        agent_id: &str,
        body: &StartRunBody,
    ) -> Result<StartRunResponse, Error> {
        Self::call(self.request(Method::POST, &format!("/v1/agents/{agent_id}/runs")).json(body))
            .await
    }

    pub async fn delete_run(&self, agent_id: &str, run_id: &str) -> Result<(), Error> {
        Self::checked(self.request(Method::DELETE, &format!("/v1/agents/{agent_id}/runs/{run_id}")))
            .await
            .map(|_| ())
    }

    pub async fn cancel_run(
        &self,
        agent_id: &str,
        run_id: &str,
        body: &CancelRunBody,
    ) -> Result<CancelRunResponse, Error> {
        Self::call(
            self.request(Method::POST, &format!("/v1/agents/{agent_id}/runs/{run_id}/cancel"))
                .json(body),
        )
        .await
    }

    pub async fn list_run_events(
        &self,
        agent_id: &str,
        run_id: &str,
        limit: Option<i64>,
        after_index: Option<i64>,
    ) -> Result<ListRunEventsResponse, Error> {
        Self::call(
            self.request(Method::GET, &format!("/v1/agents/{agent_id}/runs/{run_id}/events"))
                .query(&[("limit", limit)])
                .query(&[("after_index", after_index)]),
        )
        .await
    }

    pub async fn create_webhook(
        &self,
        agent_id: &str,
        body: &CreateWebhookBody,
    ) -> Result<CreateWebhookResponse, Error> {
        Self::call(
            self.request(Method::POST, &format!("/v1/agents/{agent_id}/webhooks")).json(body),
        )
        .await
    }

    pub async fn list_webhooks(&self, agent_id: &str) -> Result<ListWebhooksResponse, Error> {
        Self::call(self.request(Method::GET, &format!("/v1/agents/{agent_id}/webhooks"))).await
    }

    pub async fn get_webhook(&self, agent_id: &str, webhook_id: &str) -> Result<Webhook, Error> {
        Self::call(
            self.request(Method::GET, &format!("/v1/agents/{agent_id}/webhooks/{webhook_id}")),
        )
        .await
    }

    pub async fn update_webhook(
        &self,
        agent_id: &str,
        webhook_id: &str,
        body: &UpdateWebhookBody,
    ) -> Result<Webhook, Error> {
        Self::call(
            self.request(Method::PATCH, &format!("/v1/agents/{agent_id}/webhooks/{webhook_id}"))
                .json(body),
        )
        .await
    }

    pub async fn delete_webhook(&self, agent_id: &str, webhook_id: &str) -> Result<(), Error> {
        Self::checked(
            self.request(Method::DELETE, &format!("/v1/agents/{agent_id}/webhooks/{webhook_id}")),
        )
        .await
        .map(|_| ())
    }

    pub async fn get_schedule(&self, agent_id: &str) -> Result<GetScheduleResponse, Error> {
        Self::call(self.request(Method::GET, &format!("/v1/agents/{agent_id}/schedule"))).await
    }

    pub async fn set_schedule(
        &self,
        agent_id: &str,
        body: &SetScheduleBody,
    ) -> Result<SetScheduleResponse, Error> {
        Self::call(self.request(Method::PUT, &format!("/v1/agents/{agent_id}/schedule")).json(body))
            .await
    }

    pub async fn delete_schedule(&self, agent_id: &str) -> Result<DeleteScheduleResponse, Error> {
        Self::call(self.request(Method::DELETE, &format!("/v1/agents/{agent_id}/schedule"))).await
    }

    pub async fn pause_schedule(&self, agent_id: &str) -> Result<PauseScheduleResponse, Error> {
        Self::call(self.request(Method::POST, &format!("/v1/agents/{agent_id}/schedule/pause")))
            .await
    }

    pub async fn resume_schedule(&self, agent_id: &str) -> Result<ResumeScheduleResponse, Error> {
        Self::call(self.request(Method::POST, &format!("/v1/agents/{agent_id}/schedule/resume")))
            .await
    }

    pub async fn list_schedules(&self) -> Result<ListSchedulesResponse, Error> {
        Self::call(self.request(Method::GET, "/v1/schedules")).await
    }

    pub async fn get_instructions(&self, agent_id: &str) -> Result<GetInstructionsResponse, Error> {
        Self::call(self.request(Method::GET, &format!("/v1/agents/{agent_id}/instructions"))).await
    }

    pub async fn update_instructions(
        &self,
        agent_id: &str,
        body: &UpdateInstructionsBody,
    ) -> Result<UpdateInstructionsResponse, Error> {
        Self::call(
            self.request(Method::PUT, &format!("/v1/agents/{agent_id}/instructions")).json(body),
        )
        .await
    }

    pub async fn list_instruction_versions(
        &self,
        agent_id: &str,
        limit: Option<i64>,
    ) -> Result<ListInstructionVersionsResponse, Error> {
        Self::call(
            self.request(Method::GET, &format!("/v1/agents/{agent_id}/instructions/history"))
                .query(&[("limit", limit)]),
        )
        .await
    }

    pub async fn list_workspaces(&self) -> Result<ListWorkspacesResponse, Error> {
        Self::call(self.request(Method::GET, "/v1/workspaces")).await
    }

    pub async fn create_workspace(
        &self,
        body: &CreateWorkspaceBody,
    ) -> Result<CreateWorkspaceResponse, Error> {
        Self::call(self.request(Method::POST, "/v1/workspaces").json(body)).await
    }

    pub async fn update_workspace(
        &self,
        workspace_id: &str,
        body: &UpdateWorkspaceBody,
    ) -> Result<UpdateWorkspaceResponse, Error> {
        Self::call(self.request(Method::PUT, &format!("/v1/workspaces/{workspace_id}")).json(body))
            .await
    }

    pub async fn delete_workspace(
        &self,
        workspace_id: &str,
    ) -> Result<DeleteWorkspaceResponse, Error> {
        Self::call(self.request(Method::DELETE, &format!("/v1/workspaces/{workspace_id}"))).await
    }

    pub async fn reorder_workspaces(
        &self,
        body: &ReorderWorkspacesBody,
    ) -> Result<ReorderWorkspacesResponse, Error> {
        Self::call(self.request(Method::POST, "/v1/workspaces/reorder").json(body)).await
    }

    pub async fn move_agent(
        &self,
        agent_id: &str,
        body: &MoveAgentBody,
    ) -> Result<MoveAgentResponse, Error> {
        Self::call(self.request(Method::POST, &format!("/v1/agents/{agent_id}/move")).json(body))
            .await
    }
}
