"""Names of v1 for what has another name here: bases of classes, and errors of its services."""

from runyard.sdk.datastores import Datastore
from runyard.sdk.exceptions import UserErrorException

AbstractDatastore = AbstractAzureStorageDatastore = Datastore
# What `PipelineEndpoint.get` and the like raise where there is none.
ErrorResponseException = UserErrorException
