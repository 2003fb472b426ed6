"""Compute targets behave as v1 scripts expect of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runyard.protocol.errors import ServiceUnreachable
from runyard.sdk.clusters import AmlCompute
from runyard.sdk.compute import (
    AksCompute,
    ComputeInstance,
    ComputeTarget,
    DsvmCompute,
    RemoteCompute,
)
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import (
    AzureMLException,
    ComputeTargetException,
    NotOfferedYet,
    UserErrorException,
)
from runyard.sdk.v1.attached import DatabricksCompute


def make(workspace: Any, name: str = "cpu", **kwargs: Any) -> Any:
    config = AmlCompute.provisioning_configuration(
        **{"vm_size": "STANDARD_D2_V2", "max_nodes": 4, **kwargs}
    )
    return ComputeTarget.create(workspace, name, config)


def test_factory_gives_the_cluster_class(workspace):
    """isinstance checks and `.type` in notebooks go on working."""
    make(workspace)
    found = ComputeTarget(workspace=workspace, name="cpu")
    assert isinstance(found, AmlCompute)
    assert (found.type, found.name, found.provisioning_state) == ("AmlCompute", "cpu", "Succeeded")


def test_missing_target_is_the_exception_that_notebooks_catch(workspace):
    """Nearly every notebook asks for a cluster in try/except; the message names those there are."""
    make(workspace, "gpucluster")
    with pytest.raises(ComputeTargetException) as caught:
        ComputeTarget(workspace=workspace, name="gpucluter")
    assert caught.value.message.startswith("ComputeTargetNotFound")
    assert "gpucluster" in caught.value.message


@pytest.mark.parametrize("name", ["local", "AmlCompute", "containerinstance"])
def test_reserved_names_are_refused(workspace, name):
    """A cluster named `local` could never be told from this machine."""
    with pytest.raises(UserErrorException, match="reserved"):
        make(workspace, name)
    assert workspace.service.calls == []


def test_numbers_may_be_texts(workspace):
    """Notebooks take node counts from os.environ."""
    made = make(workspace, min_nodes="1", max_nodes="3", idle_seconds_before_scaledown="300")
    scale = made.get_status().scale_settings
    assert (scale.minimum_node_count, scale.maximum_node_count) == (1, 3)
    assert scale.serialize()["nodeIdleTimeBeforeScaleDown"] == "PT300S"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_nodes": None}, "max_nodes is missing"),
        ({"max_nodes": 1, "min_nodes": 2}, "not below min_nodes"),
        ({"max_nodes": 0}, "at least 1"),
        ({"max_nodes": "many"}, "whole number"),
        ({"min_nodes": -1}, "below 0"),
        ({"vm_priority": "spot"}, "'dedicated' or 'lowpriority'"),
        ({"vnet_name": "v"}, "all three or none"),
    ],
)
def test_bad_configurations_are_refused(workspace, given, said):
    """A refused configuration says what to change and creates nothing."""
    with pytest.raises(ComputeTargetException) as caught:
        make(workspace, **given)
    assert said in caught.value.message
    assert workspace.service.clusters == {}


def test_something_else_than_a_configuration_is_refused(workspace):
    """The message says what makes a configuration."""
    with pytest.raises(ComputeTargetException, match="provisioning_configuration"):
        ComputeTarget.create(workspace, "cpu", {"vm_size": "x"})


def test_status_serializes_with_the_keys_that_users_read(workspace):
    """`get_status().serialize()` is printed and indexed in 42 notebooks."""
    status = make(workspace, min_nodes=1).get_status().serialize()
    assert status["currentNodeCount"] == 1
    assert set(status) == {
        "currentNodeCount", "targetNodeCount", "nodeStateCounts", "allocationState",
        "allocationStateTransitionTime", "errors", "creationTime", "modifiedTime",
        "provisioningState", "provisioningStateTransitionTime", "scaleSettings", "vmPriority",
        "vmSize",
    }  # fmt: skip
    assert set(status["nodeStateCounts"]) == {
        "preparingNodeCount", "runningNodeCount", "idleNodeCount", "unusableNodeCount",
        "leavingNodeCount", "preemptedNodeCount",
    }  # fmt: skip
    assert status["scaleSettings"] == {
        "minNodeCount": 1,
        "maxNodeCount": 4,
        "nodeIdleTimeBeforeScaleDown": "PT1800S",
    }


def test_wait_prints_how_it_ended(workspace, capsys):
    """The printed shape is what saved notebooks show."""
    make(workspace).wait_for_completion(
        show_output=True, min_node_count=None, timeout_in_minutes=20
    )
    assert capsys.readouterr().out.splitlines() == [
        "Succeeded",
        "AmlCompute wait for completion finished",
        "",
        "Minimum number of nodes requested have been provisioned",
    ]


def test_wait_never_raises_on_timeout(workspace, capsys):
    """A cluster that is not made in time ends the wait with words."""
    made = make(workspace)
    creating = replace(workspace.service.clusters["cpu"], provisioning_state="Creating")
    workspace.service.clusters["cpu"] = creating
    made.wait_for_completion(show_output=True, timeout_in_minutes=0)
    assert "Wait timeout has been reached" in capsys.readouterr().out


def test_waiting_for_more_nodes_than_are_kept_ends(workspace, capsys):
    """min_node_count above the configured minimum would be waited for in vain."""
    make(workspace).wait_for_completion(show_output=True, min_node_count=2)
    assert "grows when runs need it" in capsys.readouterr().out


def test_update_delete_and_nodes(workspace):
    """Clusters can be changed, looked into and deleted."""
    made = make(workspace)
    made.update(min_nodes="1", max_nodes=2)
    assert made.get_status().scale_settings.maximum_node_count == 2
    (node,) = made.list_nodes()
    assert (node["nodeId"], node["nodeState"], node["port"]) == ("node-0", "running", None)
    with pytest.raises(ComputeTargetException, match="below min_nodes"):
        made.update(min_nodes=3, max_nodes=2)
    made.delete()
    made.wait_for_completion(is_delete_operation=True)
    assert [target.name for target in ComputeTarget.list(workspace)] == []


def test_supported_sizes_name_gpus():
    """Notebooks look for a size with a GPU."""
    sizes = {row["name"]: row for row in AmlCompute.supported_vmsizes(None)}
    assert (sizes["STANDARD_NC6"]["gpus"], sizes["STANDARD_NC6"]["vCPUs"]) == (1, 6)


def test_what_cannot_be_attached_is_refused_with_words(workspace):
    """Nothing is accepted and then silently not done."""
    for use in (
        lambda: DatabricksCompute(workspace, "vm"),
        lambda: ComputeTarget.attach(workspace, "vm", None),
    ):
        with pytest.raises(NotOfferedYet, match="not offered yet"):
            use()


def make_aks(workspace: Any, **given: Any) -> Any:
    config = AksCompute.provisioning_configuration(**given)
    return ComputeTarget.create(
        workspace=workspace, name="my-aks", provisioning_configuration=config
    )


def test_an_aks_target_is_there_at_once(workspace, capsys):
    """Scripts create it, wait, look at its state and errors, and find it by name the next time."""
    made = make_aks(workspace, agent_count=2, vm_size="Standard_A8_v2")
    made.wait_for_completion(show_output=True)
    assert capsys.readouterr().out.endswith('operation "Succeeded"\n')
    assert (made.provisioning_state, made.provisioning_errors) == ("Succeeded", None)
    found = ComputeTarget(workspace=workspace, name="my-aks")
    assert type(found) is AksCompute
    assert type(AksCompute(workspace, "my-aks")) is AksCompute
    assert (found.get_status(), found.agent_count, found.type) == ("Succeeded", 2, "AKS")
    assert type(ComputeTarget.list(workspace)[0]) is AksCompute
    found.delete()
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        AksCompute(workspace=workspace, name="my-aks")


def test_an_instance_is_a_machine_of_ones_own(workspace, capsys):
    """v1's sample: look for it, make it, start it where it is stopped, send runs to it."""
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        ComputeInstance(workspace, "ci")
    config = ComputeInstance.provisioning_configuration("STANDARD_D3_V2", ssh_public_access=False)
    config.tags = {"owner": "me"}
    made = ComputeInstance.create(workspace, "ci", config)
    made.wait_for_completion(show_output=True)
    assert "Succeeded" in capsys.readouterr().out
    found = ComputeTarget(workspace, "ci")
    assert type(found) is type(ComputeTarget.list(workspace)[0]) is ComputeInstance
    assert (found.type, found.tags, found.get_status().state) == (
        "ComputeInstance",
        {"owner": "me"},
        "Running",
    )
    found.stop(wait_for_completion=True)
    assert found.get_status().serialize()["state"] == "Stopped"
    assert "state='Stopped'" in repr(found.get_status())
    found.start(wait_for_completion=True, show_output=True)
    assert found.get_status().state == "Running"
    with pytest.raises(ComputeTargetException, match="of the kind ComputeInstance"):
        AmlCompute(workspace, "ci")
    found.delete(wait_for_completion=True)
    assert ComputeTarget.list(workspace) == []


def test_an_instance_needs_a_size(workspace):
    """As in v1; a cluster has a size by default."""
    with pytest.raises(ComputeTargetException, match="vm_size is missing"):
        ComputeInstance.provisioning_configuration()


def test_a_target_of_another_kind_is_told(workspace):
    """Who asks for a cluster for jobs does not get where endpoints are."""
    make_aks(workspace)
    with pytest.raises(ComputeTargetException, match="of the kind AKS"):
        AmlCompute(workspace, "my-aks")


def test_settings_of_a_cloud_are_kept_with_a_warning(workspace):
    """Names, certificates and networks have no effect, and say so."""
    with pytest.warns(UserWarning, match="subnet_name, vnet_name"):
        AksCompute.provisioning_configuration(vnet_name="v", subnet_name="s")
    purpose = AksCompute.ClusterPurpose.DEV_TEST
    config = AksCompute.provisioning_configuration(cluster_purpose=purpose)
    with pytest.warns(UserWarning, match="enable_ssl"):
        config.enable_ssl(leaf_domain_label="mine")
    with pytest.raises(ComputeTargetException, match="DevTest"):
        AksCompute.provisioning_configuration(cluster_purpose="Prod")
    with pytest.raises(ComputeTargetException, match="agent_count"):
        AksCompute.provisioning_configuration(agent_count=0)
    with pytest.raises(NotOfferedYet, match="provisioning_configuration"):
        AksCompute.attach(workspace, "x", "id")


def test_a_service_that_is_away_is_told_as_the_sdk_tells_it(workspace, monkeypatch):
    """Scripts catch AzureMLException around lists, too, and know no errors of the protocol."""
    made = make(workspace)

    def away(*_: Any, **__: Any) -> None:
        raise ServiceUnreachable("no service answers")

    monkeypatch.setattr(workspace.service, "call", away)
    for ask in (
        lambda: ComputeTarget.list(workspace),
        made.list_nodes,
        lambda: Environment.list(workspace),
    ):
        with pytest.raises(AzureMLException, match="no service answers"):
            ask()


def test_a_machine_that_scripts_of_the_first_year_rent_is_a_cluster_of_one_node(workspace):
    """They look for it, rent it where there is none, and find it again the next time."""
    with pytest.raises(ComputeTargetException):
        DsvmCompute(workspace=workspace, name="dsvm")
    config = DsvmCompute.provisioning_configuration(vm_size="STANDARD_D2_V2")
    made = DsvmCompute.create(workspace, name="dsvm", provisioning_configuration=config)
    made.wait_for_completion(show_output=False)
    found = DsvmCompute(workspace=workspace, name="dsvm")
    assert isinstance(found, DsvmCompute)
    assert (found.type, found.vm_size, found.is_attached) == (
        "VirtualMachine",
        "STANDARD_D2_V2",
        False,
    )
    assert isinstance(RemoteCompute(workspace, "dsvm"), DsvmCompute)
    assert (found.address, found.username, found.ssh_port) == ("", "", 22)
    found.delete()
    assert "dsvm" not in [each.name for each in ComputeTarget.list(workspace)]
