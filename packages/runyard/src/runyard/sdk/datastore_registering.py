"""Stores that are registered as datastores: the names of v1, and native ones beside them.

What opens a store is sent to the service once, which keeps it encrypted and tells nobody.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, NoReturn, Optional

from runyard.protocol.datastores import AZURE, GCS, S3, RegisterDatastore
from runyard.sdk.exceptions import NotOfferedYet, translated
from runyard.sdk.local_paths import naming

if TYPE_CHECKING:
    from typing_extensions import Self

    from runyard.sdk.workspaces import Workspace

SUFFIX = "core.windows.net"


class RegisteredStores:
    """What makes datastores of buckets and containers."""

    @classmethod
    def register_s3(
        cls,
        workspace: Workspace,
        datastore_name: str,
        bucket_name: str,
        access_key: Optional[str] = None,
        secret_key: Optional[str] = None,
        session_token: Optional[str] = None,
        endpoint: Optional[str] = None,
        region: Optional[str] = None,
        prefix: Optional[str] = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
    ) -> Self:
        """Register a bucket of Amazon S3, or of any server that speaks as it does.

        Args:
            workspace: The workspace.
            datastore_name: What it is to be called.
            bucket_name: The bucket.
            access_key: Id of the key that opens it; None: what anybody may read.
            secret_key: The key.
            session_token: What belongs to a key that ends.
            endpoint: The server, such as `http://store:9000`; None: Amazon's own.
            region: The bucket's region; None: us-east-1.
            prefix: Only what is below it, as the datastore's root.
            overwrite: Replace a registered datastore of that name.
            create_if_not_exists: Make the bucket where there is none.
            skip_validation: Do not ask the store first.

        Raises:
            UserErrorException: The store does not let the service in; nothing was registered.
        """
        keys = {"access_key": access_key, "secret_key": secret_key, "session_token": session_token}
        asked = RegisterDatastore(
            datastore_name,
            S3,
            bucket_name,
            endpoint=endpoint or "",
            region=region or "",
            prefix=prefix or "",
            credentials=_given(keys),
            overwrite=overwrite,
            create_if_not_exists=create_if_not_exists,
            skip_validation=skip_validation,
        )
        return cls._registered(workspace, asked)

    @classmethod
    def register_gcs(
        cls,
        workspace: Workspace,
        datastore_name: str,
        bucket_name: str,
        service_account: Optional[str] = None,
        endpoint: Optional[str] = None,
        prefix: Optional[str] = None,
        overwrite: bool = False,
        skip_validation: bool = False,
    ) -> Self:
        """Register a bucket of Google Cloud Storage.

        Args:
            workspace: The workspace.
            datastore_name: What it is to be called.
            bucket_name: The bucket.
            service_account: A service account's JSON file here, or its text; None: what anybody
                may read.
            endpoint: A server of somebody else's that speaks the same; None: Google's own.
            prefix: Only what is below it, as the datastore's root.
            overwrite: Replace a registered datastore of that name.
            skip_validation: Do not ask the store first.

        Raises:
            UserErrorException: The store does not let the service in; nothing was registered.
        """
        asked = RegisterDatastore(
            datastore_name,
            GCS,
            bucket_name,
            endpoint=endpoint or "",
            prefix=prefix or "",
            credentials=_given({"service_account": _text(service_account)}),
            overwrite=overwrite,
            skip_validation=skip_validation,
        )
        return cls._registered(workspace, asked)

    @classmethod
    def register_azure_blob_container(
        cls,
        workspace: Workspace,
        datastore_name: str,
        container_name: str,
        account_name: str,
        sas_token: Optional[str] = None,
        account_key: Optional[str] = None,
        protocol: Optional[str] = None,
        endpoint: Optional[str] = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
        blob_cache_timeout: Optional[int] = None,
        grant_workspace_access: bool = False,
        subscription_id: Optional[str] = None,
        resource_group: Optional[str] = None,
    ) -> Self:
        """Register a container of Azure Blob, or the folder that `[mirrors]` has in its place.

        Args:
            workspace: The workspace.
            datastore_name: What it is to be called.
            container_name: The container.
            account_name: Its storage account.
            sas_token: A token that opens the container.
            account_key: The account's key; with neither: what anybody may read.
            protocol: `https`, or `http`.
            endpoint: The cloud's suffix, such as `core.windows.net`, or a whole address of the
                account, such as `http://127.0.0.1:10000/devstoreaccount1`.
            overwrite: Replace a registered datastore of that name.
            create_if_not_exists: Make the container where there is none.
            skip_validation: Do not ask the store first.
            blob_cache_timeout: Has no effect: nothing is mounted over the network.
            grant_workspace_access: Has no effect: there is no identity of the workspace.
            subscription_id: Has no effect.
            resource_group: Has no effect.

        Raises:
            UserErrorException: The store does not let the service in; nothing was registered.
        """
        # Of both v1 takes the token, which opens less.
        keys = {"sas_token": sas_token, "account_key": None if sas_token else account_key}
        asked = RegisterDatastore(
            datastore_name,
            AZURE,
            container_name,
            account_name,
            endpoint=_azure(account_name, protocol, endpoint),
            credentials=_given(keys),
            overwrite=overwrite,
            create_if_not_exists=create_if_not_exists,
            skip_validation=skip_validation,
        )
        return cls._registered(workspace, asked)

    @classmethod
    def register_azure_file_share(
        cls,
        workspace: Workspace,
        datastore_name: str,
        file_share_name: str,
        account_name: str,
        sas_token: Optional[str] = None,
        account_key: Optional[str] = None,
        protocol: Optional[str] = None,
        endpoint: Optional[str] = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
    ) -> Self:
        """Register the folder that `[mirrors]` has in place of a file share.

        Args:
            workspace: The workspace.
            datastore_name: What it is to be called.
            file_share_name: The share.
            account_name: Its storage account.
            sas_token: Has no effect: shares are not reached over the network.
            account_key: Has no effect, as above.
            protocol: Has no effect, as above.
            endpoint: Has no effect, as above.
            overwrite: Replace a registered datastore of that name.
            create_if_not_exists: Has no effect, as above.
            skip_validation: Has no effect, as above.

        Raises:
            UserErrorException: There is no such folder; the message has the line to add.
        """
        kind = "AzureFile"
        return cls._mirrored(
            workspace, datastore_name, file_share_name, account_name, kind, overwrite
        )

    @classmethod
    def register_azure_data_lake_gen2(
        cls,
        workspace: Workspace,
        datastore_name: str,
        filesystem: str,
        account_name: str,
        tenant_id: Optional[str] = None,
        client_id: Optional[str] = None,
        client_secret: Optional[str] = None,
        resource_url: Optional[str] = None,
        authority_url: Optional[str] = None,
        protocol: Optional[str] = None,
        endpoint: Optional[str] = None,
        overwrite: bool = False,
        **_unused: Any,
    ) -> Self:
        """Register the folder that `[mirrors]` has in place of a file system of a data lake.

        Args:
            workspace: The workspace.
            datastore_name: What it is to be called.
            filesystem: The file system.
            account_name: Its storage account.
            tenant_id: Has no effect: lakes are not reached over the network.
            client_id: Has no effect, as above.
            client_secret: Has no effect, as above.
            resource_url: Has no effect, as above.
            authority_url: Has no effect, as above.
            protocol: Has no effect, as above.
            endpoint: Has no effect, as above.
            overwrite: Replace a registered datastore of that name.
            **_unused: Has no effect, as above.

        Raises:
            UserErrorException: There is no such folder; the message has the line to add.
        """
        kind = "AzureDataLakeGen2"
        return cls._mirrored(workspace, datastore_name, filesystem, account_name, kind, overwrite)

    @staticmethod
    def register_azure_data_lake(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of a data lake."""
        raise _refusal("register_azure_data_lake")

    @staticmethod
    def register_azure_sql_database(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of a database."""
        raise _refusal("register_azure_sql_database")

    @staticmethod
    def register_azure_postgre_sql(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of a database."""
        raise _refusal("register_azure_postgre_sql")

    @staticmethod
    def register_azure_my_sql(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of a database."""
        raise _refusal("register_azure_my_sql")

    @staticmethod
    def register_dbfs(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of DBFS."""
        raise _refusal("register_dbfs")

    @staticmethod
    def register_hdfs(*_: Any, **__: Any) -> NoReturn:
        """Refuse, and tell what to use in place of HDFS."""
        raise _refusal("register_hdfs")

    @classmethod
    def _mirrored(
        cls,
        workspace: Workspace,
        name: str,
        container: str,
        account: str,
        kind: str,
        overwrite: bool,
    ) -> Self:
        asked = RegisterDatastore(
            name, AZURE, container, account, datastore_type=kind, overwrite=overwrite
        )
        return cls._registered(workspace, asked)

    @classmethod
    def _registered(cls, workspace: Workspace, asked: RegisterDatastore) -> Self:
        with translated():
            record = workspace.service.datastores.register(asked)
        made: Any = cls
        return made(workspace, record.name, _record=record)  # type: ignore[no-any-return]  # a Datastore


def _given(credentials: Dict[str, Optional[str]]) -> Dict[str, str]:
    return {name: value for name, value in credentials.items() if value}


def _azure(account: str, protocol: Optional[str], endpoint: Optional[str]) -> str:
    """The address of an account, "" for where it is by itself."""
    if endpoint and "://" in endpoint:
        return endpoint
    if not protocol and (not endpoint or endpoint == SUFFIX):
        return ""
    return f"{protocol or 'https'}://{account}.blob.{endpoint or SUFFIX}"


def _text(given: Optional[str]) -> Optional[str]:
    """The text of a service account's file, or the text that was given itself."""
    if given is None or given.lstrip().startswith("{"):
        return given
    with naming("service_account", given):
        return Path(given).expanduser().read_text(encoding="utf-8")


def _refusal(name: str) -> NotOfferedYet:
    return NotOfferedYet(
        f"Datastore.{name}",
        "Datastore.register_azure_blob_container, register_s3 or register_gcs, or put the data on "
        "the default datastore: ws.get_default_datastore().upload(…)",
    )
