"""The protocol's words that an agent needs, without the cost of importing its records.

A test compares each with `runyard.protocol`.
"""

JOB_FILE = "job.json"
STATE_FILE = "agent.json"
INHERITED_FILE = "inherited.json"
WORK_FOLDER = "work"
SPOOL_FOLDER = "spool"
LOG_FOLDER = "logs"

DRIVER_LOG = "azureml-logs/70_driver_log.txt"
# What a node does before the script starts: environment and data.
NODE_LOG = "azureml-logs/55_azureml-execution-{}.txt"
# A file on its way to a datastore.
DRAFT = ".runyard-part-{}"
ATTEMPT_LINE = "[attempt {} begins]"
TASK_LOG = "azureml-logs/70_driver_log_{}.txt"
MPI_LOG = "azureml-logs/60_mpirun_log.txt"

RUN_ID_VARIABLE = "RUNYARD_RUN_ID"
WORKSPACE_VARIABLE = "RUNYARD_WORKSPACE"
SPOOL_VARIABLE = "RUNYARD_SPOOL"
CONNECTION_VARIABLE = "RUNYARD_CONNECTION_FILE"
HOME_VARIABLE = "RUNYARD_HOME"
URL_VARIABLE = "RUNYARD_URL"
TOKEN_VARIABLE = "RUNYARD_TOKEN"  # noqa: S105 - the name of a variable, not a secret
ENDING_VARIABLE = "RUNYARD_ENDING"
NODE_VARIABLE = "RUNYARD_NODE"
SYSTEM_METRICS_VARIABLE = "RUNYARD_SYSTEM_METRICS"
INTERPRETER_VARIABLE = "RUNYARD_INTERPRETER"
EVENT_METRICS_VARIABLE = "RUNYARD_TENSORBOARD_METRICS"
MLFLOW_URI = "MLFLOW_TRACKING_URI"
MLFLOW_TOKEN = "MLFLOW_TRACKING_TOKEN"  # noqa: S105 - the name of a variable, not a secret
MLFLOW_RUN = "MLFLOW_RUN_ID"
MLFLOW_EXPERIMENT = "MLFLOW_EXPERIMENT_ID"
MLFLOW_OTHERS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
DEFAULT_WORKSPACE = "default"
DATA_VARIABLE_PREFIX = "AZUREML_DATAREFERENCE_"
RESUMED = "MODEL_LOCATION"
# Of replicas: their experiment, and the folder of their models.
REPLICAS_EXPERIMENT = ".endpoints"
MODELS_FOLDER = "azureml-models"

PREPARING = "preparing"
RUNNING = "running"
FINALIZING = "finalizing"

COMPLETED = "completed"
FAILED = "failed"
CANCELED = "canceled"
STOPPED = "stopped"

CAUSE_PORT = "port"
CAUSE_DEFINITE = "definite"

DATASETS_VARIABLE = "AZUREML_DATASET_ENVIRONMENT_VARS"
OUTPUTS_VARIABLE = "AZUREML_DATASET_FILE_OUTPUTS"

DIRECT = "direct"
MOUNT = "mount"
DOWNLOAD = "download"
UPLOAD = "upload"

LOCAL_TARGET = "local"
USER_ERROR = "UserError"
SERVICE_ERROR = "ServiceError"

SINGLE = "single"
PARALLEL = "parallel"

TASK_RUNNING = "running"
TASK_COMPLETED = "completed"
TASK_FAILED = "failed"
TASK_STOPPED = "stopped"

# What mpirun calls in the place of ssh, and which node is at which address.
LAUNCH_PROGRAM = "runyard-launch"
LAUNCH_TABLE = "nodes.json"
PREFIX = "/api/v1"
