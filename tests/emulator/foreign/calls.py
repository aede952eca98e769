"""Calls a running emulator with a client that openapi-python-client generated.

The generated models must be able to read the response of every call. Usage: calls.py URL KEY
"""

import importlib
import pkgutil
import sys

import twin_rest_api_client as package
from twin_rest_api_client import AuthenticatedClient, models

URL, KEY = sys.argv[1:]
CLIENT = AuthenticatedClient(
    base_url=URL, token=KEY, prefix="", auth_header_name="x-api-key", raise_on_unexpected_status=True
)
MODULES = {
    module.name.rsplit(".", 1)[1]: module.name
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if ".api." in module.name and not module.ispkg
}
CALLED, FAILED = set(), []


def call(operation, status, **arguments):
    """Calls an operation. The response must have this status and a body that the models can read."""
    CALLED.add(operation)
    call.count += 1
    try:
        module = importlib.import_module(MODULES[operation])
        response = module.sync_detailed(client=CLIENT, **arguments)
        if response.status_code != status:
            raise ValueError(f"status {response.status_code}: {response.content[:200]!r}")
        if response.content and response.parsed is None:
            raise ValueError(f"the models cannot read the body: {response.content[:200]!r}")
        return response.parsed
    except Exception as error:  # noqa: BLE001: the generated code can raise anything
        FAILED.append(f"{operation}: {type(error).__name__}: {error}")
        return None


call.count = 0


def raw(model, **members):
    """Builds a body that the model would not build, with members of a wrong type."""
    body = getattr(models, model)
    return type("Raw", (body,), {"__init__": lambda self: None, "to_dict": lambda self: members})()


def main():
    m = models
    call("get_me", 200)
    key = call("create_api_key", 200, body=m.CreateApiKeyBody(name="foreign"))
    call("list_api_keys", 200)
    call("revoke_api_key", 200, key_id=key.key_id)
    call("revoke_api_key", 403, key_id=key.key_id)

    call("list_agents", 200)
    agent = call("create_agent", 201, body=m.CreateAgentBody()).agent.agent_id
    call("create_agent", 201, body=m.CreateAgentBody())
    call("list_agents", 200, limit=1)
    call("list_agents", 400, limit=0)
    call("get_agent", 200, agent_id=agent)
    call("get_agent", 403, agent_id="none")

    call("list_workspaces", 200)
    workspace = call("create_workspace", 201, body=m.CreateWorkspaceBody(name="w"))
    workspace = workspace.workspace.workspace_id
    call("update_workspace", 200, workspace_id=workspace, body=m.UpdateWorkspaceBody(name="x"))
    call("move_agent", 200, agent_id=agent, body=m.MoveAgentBody(workspace_id=workspace))
    ids = [item.workspace_id for item in call("list_workspaces", 200).workspaces]
    call("reorder_workspaces", 200, body=m.ReorderWorkspacesBody(workspace_ids=ids[::-1]))
    call("create_workspace", 422, body=raw("CreateWorkspaceBody", name=True))

    start = m.StartRunBody(run_mode=m.RunMode("run"), user_message="Go.")
    run = call("start_run", 201, agent_id=agent, body=start).run.run_id
    call("start_run", 422, agent_id=agent, body=raw("StartRunBody", run_mode=["run"]))
    call("start_run", 400, agent_id=agent, body=raw("StartRunBody", run_mode="Run"))
    call("list_runs", 200, agent_id=agent)
    call("list_runs", 200, agent_id=agent, filter_run_id=run)
    call("list_run_events", 200, agent_id=agent, run_id=run)
    call("cancel_run", 200, agent_id=agent, run_id=run, body=m.CancelRunBody())
    call("cancel_run", 200, agent_id=agent, run_id=run, body=m.CancelRunBody())
    call("delete_run", 204, agent_id=agent, run_id=run)
    call("delete_run", 403, agent_id=agent, run_id=run)

    call("get_instructions", 200, agent_id=agent)
    text = m.UpdateInstructionsBody(content="Be kind.")
    call("update_instructions", 200, agent_id=agent, body=text)
    call("get_instructions", 200, agent_id=agent)
    call("list_instruction_versions", 200, agent_id=agent)

    # Only a deployed agent can have a schedule; the example agent is.
    call("get_schedule", 200, agent_id="agent_abc123")
    daily = m.SetScheduleBody(cron="0 0 9 * * * *")
    call("set_schedule", 200, agent_id="agent_abc123", body=daily)
    call("get_schedule", 200, agent_id="agent_abc123")
    call("pause_schedule", 200, agent_id="agent_abc123")
    call("resume_schedule", 200, agent_id="agent_abc123")
    call("list_schedules", 200)
    call("delete_schedule", 200, agent_id="agent_abc123")

    body = m.CreateWebhookBody(
        url="http://127.0.0.1:9/hook", events=[m.WebhookEventType("run.completed")]
    )
    hook = call("create_webhook", 201, agent_id=agent, body=body).webhook_id
    call("list_webhooks", 200, agent_id=agent)
    call("get_webhook", 200, agent_id=agent, webhook_id=hook)
    change = m.UpdateWebhookBody(status=m.WebhookStatus("disabled"))
    call("update_webhook", 200, agent_id=agent, webhook_id=hook, body=change)
    call("delete_webhook", 204, agent_id=agent, webhook_id=hook)
    call("delete_workspace", 200, workspace_id=workspace)
    call("delete_agent", 403, agent_id="none")


def report():
    main()
    missing = sorted(set(MODULES) - CALLED)
    print(f"{call.count} calls, {len(FAILED)} failed, {len(missing)} operations not called")
    print("\n".join(FAILED + [f"not called: {name}" for name in missing]))
    return 1 if FAILED or missing else 0


sys.exit(report())
